// Randomness for jitter, not for secrets.
#pragma once

#include <random>

namespace keysyncd::daemon {

/// In [0, 1).
[[nodiscard]] inline double random_fraction() {
    thread_local std::minstd_rand engine{std::random_device{}()};
    return std::uniform_real_distribution<double>{0.0, 1.0}(engine);
}

}  // namespace keysyncd::daemon
