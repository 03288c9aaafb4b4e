// The one instant of the directory side: 100 ns ticks since 1970 in UTC, what FILETIME and .NET both resolve to.
// Range: years -27258 to 31196, so that every 62-bit .NET tick count and every FILETIME fits without overflow.
#pragma once

#include <chrono>
#include <cstdint>
#include <ratio>

namespace keysyncd::ldap {

using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;
using Instant = std::chrono::sys_time<Ticks>;

}  // namespace keysyncd::ldap
