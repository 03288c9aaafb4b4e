// The text of /metrics: the Snapshot, the process instruments and process_*, in the text exposition format 0.0.4.
// Any thread; touches memory only. Families are in the order of their names and series in the order of their labels, so
// that two scrapes can be compared as text.
#pragma once

#include <string>
#include <string_view>

#include "metrics/exposition.hpp"
#include "metrics/instruments.hpp"
#include "metrics/snapshot_families.hpp"

namespace keysyncd::metrics {

inline constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

[[nodiscard]] std::string render(const Snapshot& snapshot, const Instruments& instruments, Moment now);

}  // namespace keysyncd::metrics
