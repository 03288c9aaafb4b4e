// Makes the immutable snapshot of the ledger's last committed state that /metrics, pages and API are rendered from.
// The ledger's thread only; what it returns may go anywhere.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "daemon/ledger/ledger.hpp"
#include "metrics/exposition.hpp"

namespace keysyncd::daemon {

[[nodiscard]] std::shared_ptr<const metrics::Snapshot> build_snapshot(Ledger& ledger, const config::Settings& settings,
                                                                      std::uint64_t commit_failures, Instant now);

}  // namespace keysyncd::daemon
