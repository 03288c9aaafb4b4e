// How the sources are, read back from the process instruments, for people: what keysync_source_up and
// keysync_last_success_timestamp_seconds say. Any thread.
#pragma once

#include <string>
#include <vector>

#include "metrics/instruments.hpp"

namespace keysyncd::metrics {

struct SourceHealth {
    std::string source;
    std::string domain{};  ///< empty for graph and audit_file
    std::string server{};  ///< the one in use; empty where none is
    bool up = false;
    double last_success = 0;  ///< Unix seconds; 0: never
};

/// One a source and domain, in that order.
[[nodiscard]] std::vector<SourceHealth> source_health(const Instruments& instruments);

}  // namespace keysyncd::metrics
