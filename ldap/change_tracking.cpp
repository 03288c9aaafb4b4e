#include "ldap/change_tracking.hpp"

#include <string_view>

#include "ldap/dirsync_control.hpp"

namespace keysyncd::ldap {
namespace {

std::string_view why_not(const DirSyncAbility& ability, bool whole) {
    if (!ability.offered) {
        return "change_tracking: dirsync, but the server does not offer DirSync; use auto or usn";
    }
    if (!whole) {
        return "change_tracking: dirsync reads whole domains only, and base_dn is a part of one; leave base_dn out, or "
               "use change_tracking: usn";
    }
    return "change_tracking: dirsync, but the server refuses DirSync to this account; use auto or usn";
}

}  // namespace

std::expected<Tracking, PollError> decide_tracking(Connection& connection, const RootDse& root,
                                                   config::ChangeTracking configured, const std::string& base_dn,
                                                   const std::stop_token& stop) {
    if (configured == config::ChangeTracking::usn) {
        return Tracking{.choice = {.dirsync = false, .reason = "configured"}};
    }
    const bool whole = equal_names(base_dn, root.default_naming_context);
    DirSyncAbility ability{.offered = root.supports(dirsync_oid), .replication_right = false};
    Tracking tracking;
    if (ability.offered && whole) {
        const auto access = probe_dirsync(connection, root.default_naming_context, stop);
        if (!access) {
            return std::unexpected(access.error());
        }
        tracking.access = *access;
        ability.replication_right = *access == DirSyncAccess::replication_right;
    }
    if (configured == config::ChangeTracking::automatic) {
        tracking.choice = choose_tracking(ability, whole);
        return tracking;
    }
    if (tracking.access == DirSyncAccess::refused) {
        return std::unexpected(
            PollError{PollFailure::configuration, connection.server().url(), std::string(why_not(ability, whole))});
    }
    tracking.choice = {.dirsync = true,
                       .reason = ability.replication_right ? "configured, with the replication right"
                                                           : "configured, as a plain account"};
    return tracking;
}

}  // namespace keysyncd::ldap
