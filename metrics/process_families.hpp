// The process_* families by Prometheus' conventional names, read from /proc/self at each scrape (no disk behind it).
// Any thread. What cannot be read is left out, as the conventions want it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace prometheus {
struct MetricFamily;
}

namespace keysyncd::metrics {

/// The fields of /proc/PID/stat that matter here.
struct ProcessStat {
    double cpu_seconds = 0;
    double start_seconds_after_boot = 0;
    double virtual_bytes = 0;
    double resident_bytes = 0;
};

/// std::nullopt for text that is not in the form of proc(5). The program's name in it may hold spaces and brackets.
[[nodiscard]] std::optional<ProcessStat> parse_process_stat(std::string_view text, double ticks_per_second,
                                                            double page_bytes);

[[nodiscard]] std::vector<prometheus::MetricFamily> process_families();

}  // namespace keysyncd::metrics
