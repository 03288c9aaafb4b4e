// Waiting before the next try after failures in a row: doubling, capped, jittered so that many daemons don't march in
// step. Pure: the random number is an argument.
#pragma once

#include <chrono>

namespace keysyncd::daemon {

class Backoff {
  public:
    using milliseconds = std::chrono::milliseconds;
    Backoff(milliseconds first, milliseconds cap) noexcept : first_(first), cap_(cap), next_(first) {}

    /// `random` in [0, 1). Between half of the step and the whole step; the step doubles up to the cap.
    [[nodiscard]] milliseconds failed(double random) noexcept;
    void succeeded() noexcept { next_ = first_; }

  private:
    milliseconds first_;
    milliseconds cap_;
    milliseconds next_;
};

}  // namespace keysyncd::daemon
