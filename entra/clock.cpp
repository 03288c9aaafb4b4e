#include "entra/clock.hpp"

#include <condition_variable>
#include <mutex>

namespace keysyncd::entra {

Instant SystemClock::now() const {
    return std::chrono::time_point_cast<Ticks>(std::chrono::system_clock::now());
}

Steady SystemClock::steady_now() const {
    return std::chrono::steady_clock::now();
}

bool SystemClock::sleep_for(std::chrono::nanoseconds duration, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, duration, [] { return false; });
    return !stop.stop_requested();
}

}  // namespace keysyncd::entra
