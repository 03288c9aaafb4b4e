// How changes are tracked on a connection: as configured, or by what the domain controller and the account can do,
// which is asked once. On the connection's worker thread.
#pragma once

#include <expected>
#include <stop_token>
#include <string>

#include "config/settings.hpp"
#include "ldap/connection.hpp"
#include "ldap/dirsync_plan.hpp"
#include "ldap/dirsync_round.hpp"
#include "ldap/root_dse.hpp"

namespace keysyncd::ldap {

struct Tracking {
    TrackingChoice choice;
    DirSyncAccess access = DirSyncAccess::refused;
};

[[nodiscard]] std::expected<Tracking, PollError> decide_tracking(Connection& connection, const RootDse& root,
                                                                 config::ChangeTracking configured,
                                                                 const std::string& base_dn,
                                                                 const std::stop_token& stop);

}  // namespace keysyncd::ldap
