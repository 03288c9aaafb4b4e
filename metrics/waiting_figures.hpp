// What follows from the waiting keys of a domain at a given time: who is pending, who is overdue and why.
// Pure. Used by the exposition; the status page counts by the same rules.
#pragma once

#include <array>
#include <cstdint>

#include "metrics/snapshot_families.hpp"

namespace keysyncd::metrics {

struct WaitingFigures {
    std::array<std::uint64_t, usage_labels.size()> pending{};
    std::array<std::uint64_t, usage_labels.size()> overdue{};
    std::array<std::uint64_t, cause_labels.size()> overdue_by_cause{};  ///< those that alert
    double oldest_registration = 0;                                     ///< Unix seconds, of those that alert; 0: none
};

/// A key is overdue from the moment at which its registration is overdue_after_seconds old.
[[nodiscard]] WaitingFigures waiting_figures(const DomainFigures& domain, Moment now) noexcept;

}  // namespace keysyncd::metrics
