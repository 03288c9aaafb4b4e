// Which findings a domain's settings leave on. Pure; any thread.
#pragma once

#include "config/settings.hpp"
#include "ldap/key_findings.hpp"

namespace keysyncd::daemon {

[[nodiscard]] ldap::FindingPolicy finding_policy(const config::FindingSettings& settings);

}  // namespace keysyncd::daemon
