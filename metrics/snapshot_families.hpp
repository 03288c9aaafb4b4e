// The metric families that the Snapshot feeds, as prometheus-cpp serializes them. Pure: the time is an argument,
// because a waiting key turns from pending to overdue between two snapshots.
#pragma once

#include <chrono>
#include <cstdint>
#include <ratio>
#include <vector>

#include "metrics/exposition.hpp"

namespace prometheus {
struct MetricFamily;
}

namespace keysyncd::metrics {

/// The resolution of the directory's and our own time stamps: 100 ns.
using Moment = std::chrono::sys_time<std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>>;

[[nodiscard]] std::vector<prometheus::MetricFamily> snapshot_families(const Snapshot& snapshot, Moment now);

}  // namespace keysyncd::metrics
