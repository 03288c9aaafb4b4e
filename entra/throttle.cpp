#include "entra/throttle.hpp"

#include <algorithm>

namespace keysyncd::entra {

Throttle::Throttle(std::size_t requests, std::chrono::nanoseconds window) : requests_(requests), window_(window) {}

std::chrono::nanoseconds Throttle::wait(Steady now) const noexcept {
    Steady earliest = not_before_;
    if (recent_.size() >= requests_) {
        earliest = std::max(earliest, recent_.front() + window_);
    }
    return earliest <= now ? std::chrono::nanoseconds{0} : std::chrono::nanoseconds{earliest - now};
}

void Throttle::count(Steady now) {
    recent_.push_back(now);
    if (recent_.size() > requests_) {
        recent_.pop_front();
    }
}

void Throttle::pause(Steady until) noexcept {
    not_before_ = std::max(not_before_, until);
}

void Throttle::slow_down(double used_share, Steady now) noexcept {
    if (used_share >= 0.8) {
        // From one request's share of the window at 80 % up to the whole window at 180 %, the highest value there is.
        const double least = 1.0 / static_cast<double>(std::max<std::size_t>(requests_, 1));
        const double share = std::clamp(used_share - 0.8, least, 1.0);
        pause(now + std::chrono::nanoseconds{static_cast<std::int64_t>(static_cast<double>(window_.count()) * share)});
    }
}

}  // namespace keysyncd::entra
