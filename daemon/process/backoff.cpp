#include "daemon/process/backoff.hpp"

#include <algorithm>

namespace keysyncd::daemon {

Backoff::milliseconds Backoff::failed(double random) noexcept {
    const auto step = static_cast<double>(next_.count());
    next_ = std::min(next_ * 2, cap_);
    return milliseconds{static_cast<milliseconds::rep>(step / 2 + step / 2 * random)};
}

}  // namespace keysyncd::daemon
