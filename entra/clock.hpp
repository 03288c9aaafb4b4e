// Time as the Entra side sees it: wall clock for tokens and dates, monotonic clock for waits, and the waiting itself.
// Injected, so that no test sleeps.
#pragma once

#include <chrono>
#include <stop_token>

#include "entra/graph_time.hpp"

namespace keysyncd::entra {

using Steady = std::chrono::steady_clock::time_point;

class Clock {
  public:
    virtual ~Clock() = default;

    [[nodiscard]] virtual Instant now() const = 0;
    [[nodiscard]] virtual Steady steady_now() const = 0;
    /// False when `stop` ended it early.
    virtual bool sleep_for(std::chrono::nanoseconds duration, const std::stop_token& stop) = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] Steady steady_now() const override;
    bool sleep_for(std::chrono::nanoseconds duration, const std::stop_token& stop) override;
};

}  // namespace keysyncd::entra
