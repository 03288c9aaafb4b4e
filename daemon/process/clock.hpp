// The wall clock as an argument, so that tests choose the time.
#pragma once

#include <chrono>
#include <functional>

#include "ldap/time.hpp"

namespace keysyncd::daemon {

using Clock = std::function<ldap::Instant()>;

[[nodiscard]] inline ldap::Instant system_now() {
    return std::chrono::time_point_cast<ldap::Ticks>(std::chrono::system_clock::now());
}

}  // namespace keysyncd::daemon
