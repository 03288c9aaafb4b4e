// Keeps our own requests under a documented limit, "N in any T seconds": the reports family of Microsoft Graph allows 5
// in 10 s per application and tenant (audit log, registration report, authentication methods). Pure: takes the time.
// A bucket that refills steadily would let almost twice N through in some window, so the last N are remembered instead.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>

#include "entra/clock.hpp"

namespace keysyncd::entra {

class Throttle {
  public:
    Throttle(std::size_t requests, std::chrono::nanoseconds window);

    /// How long a request has to wait from `now`; 0: it may go.
    [[nodiscard]] std::chrono::nanoseconds wait(Steady now) const noexcept;

    /// A request was answered (or failed) at `now`. The service counted it before that, so that counting from here
    /// never lets one through too early.
    void count(Steady now);

    /// The service asked for silence (Retry-After).
    void pause(Steady until) noexcept;

    /// x-ms-throttle-limit-percentage: 0.8 and more of the limit are used up, by whomever. Slows the next request.
    void slow_down(double used_share, Steady now) noexcept;

  private:
    std::size_t requests_;
    std::chrono::nanoseconds window_;
    std::deque<Steady> recent_;
    Steady not_before_ = Steady::min();
};

}  // namespace keysyncd::entra
