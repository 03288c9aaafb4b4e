#include "metrics/waiting_figures.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace keysyncd::metrics {

namespace {
constexpr double ticks_per_second = 1e7;
}

WaitingFigures waiting_figures(const DomainFigures& domain, Moment now) noexcept {
    WaitingFigures figures;
    const std::int64_t overdue_after = std::llround(domain.overdue_after_seconds * ticks_per_second);
    const std::int64_t overdue_before = now.time_since_epoch().count() - overdue_after;
    std::int64_t oldest = std::numeric_limits<std::int64_t>::max();
    for (const Waiting& key : domain.waiting) {
        const auto usage = static_cast<std::size_t>(key.usage);
        const bool overdue = key.registered_at <= overdue_before;
        ++(overdue ? figures.overdue : figures.pending)[usage];
        if (!key.alerts) {
            continue;
        }
        oldest = std::min(oldest, key.registered_at);
        if (overdue) {
            ++figures.overdue_by_cause[static_cast<std::size_t>(key.cause)];
        }
    }
    if (oldest != std::numeric_limits<std::int64_t>::max()) {
        figures.oldest_registration = static_cast<double>(oldest) / ticks_per_second;
    }
    return figures;
}

}  // namespace keysyncd::metrics
