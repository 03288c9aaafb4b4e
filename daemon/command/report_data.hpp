// The figures of `keysyncd report`, computed from the keys of a survey. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "daemon/view/key_view.hpp"

namespace keysyncd::daemon {

/// Of measured delays; the times are none while nothing was measured.
struct DelayFigures {
    std::uint64_t measured = 0;
    std::uint64_t exact = 0;
    std::uint64_t within_one_cycle = 0;  ///< its grace included
    std::uint64_t within_two_cycles = 0;
    std::optional<Ticks> median;
    std::optional<Ticks> p90;
    std::optional<Ticks> p99;
    std::optional<Ticks> worst;
    std::vector<std::uint64_t> histogram;  ///< quarters of a cycle, the last is everything above three cycles
};

struct ReportGroup {
    std::string domain;
    std::string usage;
    DelayFigures figures;
};

struct ReportData {
    DelayFigures all;
    std::vector<ReportGroup> groups;                         ///< by domain and usage
    std::vector<KeyView> keys;                               ///< all of them, oldest registration first
    std::vector<KeyView> slowest;                            ///< the ten worst, worst first
    std::vector<KeyView> waiting;                            ///< pending and overdue, oldest first
    std::map<std::string, std::vector<KeyView>> suspicious;  ///< by finding
    std::uint64_t history = 0;                               ///< keys that were registered before the period
};

/// Nearest-rank percentile of sorted values; `share` in (0, 1].
[[nodiscard]] std::optional<Ticks> percentile(std::span<const Ticks> sorted, double share);

[[nodiscard]] DelayFigures delay_figures(std::span<const KeyView> keys, const config::SyncSettings& sync);
[[nodiscard]] ReportData report_data(std::vector<KeyView> keys, const config::SyncSettings& sync);

}  // namespace keysyncd::daemon
