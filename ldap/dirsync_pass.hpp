// One pass by DirSync with incremental values: what was added to and removed from every user's keys since the cookie,
// in as many rounds as the domain controller takes. A full sync is the same with no cookie.
// On the connection's worker thread.
#pragma once

#include <expected>
#include <functional>
#include <string>

#include "ldap/dirsync_plan.hpp"
#include "ldap/dirsync_round.hpp"
#include "ldap/user_pass.hpp"

namespace keysyncd::ldap {

/// Called once, when the domain controller has accepted the cookie, with what the pass turned out to be: a refused
/// cookie makes a full sweep of a window.
using PassBegin = std::function<void(PassKind kind, const std::string& reason)>;

[[nodiscard]] std::expected<PassOutcome, PollError> read_by_dirsync(const PassContext& context, const DirSyncPlan& plan,
                                                                    DirSyncAccess access, const PassBegin& begin);

}  // namespace keysyncd::ldap
