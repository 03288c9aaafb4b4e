// Durations for people: "1h 5m", "12m 30s", "45s", "3d 2h". Pure.
#pragma once

#include <string>

#include "ldap/time.hpp"

namespace keysyncd::daemon {

/// The two largest units that matter; a minus sign for times before.
[[nodiscard]] std::string span_text(ldap::Ticks span);

}  // namespace keysyncd::daemon
