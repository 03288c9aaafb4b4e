#include "entra/throttle.hpp"

#include <algorithm>

namespace keysyncd::entra {
namespace {

// While one is on its way, which another process may have sent: its answer comes any time.
constexpr std::chrono::milliseconds look_again{200};

}  // namespace

Throttle::Throttle(std::size_t requests, std::chrono::nanoseconds window) : requests_(requests), window_(window) {}

std::chrono::nanoseconds Throttle::wait(const RequestHistory& history, Steady now) const noexcept {
    Steady earliest = history.not_before;
    if (history.counted.size() >= requests_) {
        const Steady oldest = history.counted[history.counted.size() - requests_];
        earliest = std::max(earliest, oldest > now ? now + look_again : oldest + window_);
    }
    return earliest <= now ? std::chrono::nanoseconds{0} : std::chrono::nanoseconds{earliest - now};
}

void Throttle::begin(RequestHistory& history, Steady now, Steady latest) const {
    std::erase_if(history.counted, [&](Steady at) { return at + window_ <= now; });
    history.counted.insert(std::ranges::upper_bound(history.counted, latest), latest);
}

void Throttle::settle(RequestHistory& history, Steady latest, Steady now) {
    const auto found = std::ranges::find(history.counted, latest);
    if (found != history.counted.end()) {
        history.counted.erase(found);
    }
    history.counted.insert(std::ranges::upper_bound(history.counted, now), now);
}

void Throttle::pause(RequestHistory& history, Steady until) noexcept {
    history.not_before = std::max(history.not_before, until);
}

void Throttle::silence(RequestHistory& history, Steady until) noexcept {
    history.silenced_until = std::max(history.silenced_until, until);
    history.not_before = std::max(history.not_before, until);
}

void Throttle::slow_down(RequestHistory& history, double used_share, Steady now) const noexcept {
    if (used_share >= 0.8) {
        // From one request's share of the window at 80 % up to the whole window at 180 %, the highest value there is.
        const double least = 1.0 / static_cast<double>(std::max<std::size_t>(requests_, 1));
        const double share = std::clamp(used_share - 0.8, least, 1.0);
        const std::chrono::nanoseconds pause{static_cast<std::int64_t>(static_cast<double>(window_.count()) * share)};
        history.not_before = std::max(history.not_before, now + pause);
    }
}

}  // namespace keysyncd::entra
