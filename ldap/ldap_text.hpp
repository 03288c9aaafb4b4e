// The texts that libldap hands out, as owned strings without control characters. On the handle's worker thread.
#pragma once

#include <string>

struct ldap;

namespace keysyncd::ldap {

/// Makes libldap set up its process-wide state, which is not safe once there are threads. Any number of times.
void initialise_libldap();

/// What the server (or libldap) said about the handle's last result; "" when it said nothing.
[[nodiscard]] std::string diagnostic_message(struct ldap* handle);

}  // namespace keysyncd::ldap
