// The directory's part of `keysyncd check --online`: every domain controller that is configured or found by DNS, and
// every observed server: bind, rights, write times, change tracking, clock, certificate. Blocking; main thread.
#pragma once

#include "config/settings.hpp"
#include "daemon/command/verdicts.hpp"
#include "daemon/process/clock.hpp"

namespace keysyncd::daemon {

void check_domain(Verdicts& verdicts, const config::DomainSettings& domain, const Clock& clock);

}  // namespace keysyncd::daemon
