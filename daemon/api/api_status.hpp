// What the status page shows of everybody together: states, delays, cycles, sources. No user, so it stays open where
// the pages about users are closed. Made from the Snapshot and the instruments: memory only. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "metrics/exposition.hpp"
#include "metrics/snapshot_families.hpp"
#include "metrics/source_health.hpp"

namespace keysyncd::daemon {

struct ApiStatus {
    std::string version;
    std::optional<std::string> not_ready;  ///< why; std::nullopt: ready
    bool users_shown = true;
};

[[nodiscard]] std::string status_json(const ApiStatus& status, const metrics::Snapshot& snapshot,
                                      const std::vector<metrics::SourceHealth>& sources, metrics::Moment now);

}  // namespace keysyncd::daemon
