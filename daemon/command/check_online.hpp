// `keysyncd check --online`: does everything that the configuration names answer, and may it be read? One line a check:
// ok, warn or fail, with the mend. Blocking; main thread.
#pragma once

#include <iosfwd>

#include "config/settings.hpp"
#include "daemon/process/clock.hpp"

namespace keysyncd::daemon {

/// The exit code: 0, or 1 where a check failed.
[[nodiscard]] int check_online(const config::Settings& settings, std::ostream& out, const Clock& clock);

}  // namespace keysyncd::daemon
