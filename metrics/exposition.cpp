#include "metrics/exposition.hpp"

#include <algorithm>
#include <numeric>

namespace keysyncd::metrics {

void Histogram::observe(std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>> delay) noexcept {
    const double seconds = std::chrono::duration<double>(delay).count();
    const auto bucket = std::ranges::lower_bound(delay_bounds, seconds) - delay_bounds.begin();
    ++buckets[static_cast<std::size_t>(bucket)];
    sum_ticks += delay.count();
}

std::uint64_t Histogram::count() const noexcept {
    return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

}  // namespace keysyncd::metrics
