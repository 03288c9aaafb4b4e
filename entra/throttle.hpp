// Keeps our own requests under a documented limit, "N in any T seconds": the reports family of Microsoft Graph allows 5
// in 10 s per application and tenant (audit log, registration report, authentication methods). Pure: takes the time.
// A bucket that refills steadily would let almost twice N through in some window, so the last N are remembered instead.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "entra/clock.hpp"

namespace keysyncd::entra {

/// What an application has asked a family lately, and the silence it was told to keep. Plain data: it outlives the
/// reader that made it, for the service remembers too.
struct RequestHistory {
    /// The latest time at which the service may have counted each request, oldest first; in the future for one that is
    /// on its way.
    std::vector<Steady> counted;
    Steady not_before = Steady::min();
    Steady silenced_until = Steady::min();  ///< of not_before, what the service demanded in so many words
    bool operator==(const RequestHistory&) const = default;
};

class Throttle {
  public:
    Throttle(std::size_t requests, std::chrono::nanoseconds window);

    /// How long a request has to wait from `now`; 0: it may go.
    [[nodiscard]] std::chrono::nanoseconds wait(const RequestHistory& history, Steady now) const noexcept;

    /// A request goes now, and is over by `latest`. Until settle() tells when, it counts as going on.
    void begin(RequestHistory& history, Steady now, Steady latest) const;

    /// It was answered (or failed) at `now`. The service counted it before that, so that counting from here never lets
    /// one through too early.
    static void settle(RequestHistory& history, Steady latest, Steady now);

    /// The service asked for silence (Retry-After).
    static void silence(RequestHistory& history, Steady until) noexcept;

    /// Passing trouble: later requests wait.
    static void pause(RequestHistory& history, Steady until) noexcept;

    /// x-ms-throttle-limit-percentage: 0.8 and more of the limit are used up, by whomever. Slows the next request.
    void slow_down(RequestHistory& history, double used_share, Steady now) const noexcept;

  private:
    std::size_t requests_;
    std::chrono::nanoseconds window_;
};

}  // namespace keysyncd::entra
