#include "ldap/dirsync_plan.hpp"

#include <algorithm>
#include <ranges>

namespace keysyncd::ldap {
namespace {

DirSyncPlan sweep(std::string reason) {
    return {.kind = PassKind::full_sweep, .reason = std::move(reason), .cookie = {}};
}

bool has_cookie(const DirectoryCursor& cursor) {
    return !cursor.dirsync_cookie.empty();
}

}  // namespace

DirSyncPlan plan_dirsync(std::span<const DirectoryCursor> cursors, const DatabaseState& now, bool sweep_due) {
    if (sweep_due && !cursors.empty()) {
        return sweep("interval");
    }
    const auto own = std::ranges::find(cursors, now.invocation_id, &DirectoryCursor::invocation_id);
    if (own != cursors.end() && has_cookie(*own)) {
        if (now.highest_committed_usn < own->usn) {
            return sweep("the domain controller's database was set back");
        }
        return {.kind = now.highest_committed_usn == own->usn ? PassKind::quiet : PassKind::window,
                .reason = {},
                .cookie = own->dirsync_cookie};
    }
    const auto same_server = std::ranges::find(cursors, now.server, &DirectoryCursor::server);
    if (own == cursors.end() && same_server != cursors.end() && has_cookie(*same_server)) {
        return sweep("the domain controller's database was restored (its invocationId changed)");
    }
    // The last one stored is the one furthest ahead: it began where the one before it had ended.
    for (const auto& other : cursors | std::views::reverse) {
        if (has_cookie(other)) {
            return {.kind = PassKind::window, .reason = {}, .cookie = other.dirsync_cookie};
        }
    }
    return sweep(cursors.empty() ? "first pass" : "change tracking by DirSync begins");
}

TrackingChoice choose_tracking(const DirSyncAbility& ability, bool base_is_naming_context) {
    if (!ability.offered) {
        return {.dirsync = false, .reason = "the server does not offer DirSync"};
    }
    if (!base_is_naming_context) {
        return {.dirsync = false, .reason = "DirSync reads whole domains only, and base_dn is a part of one"};
    }
    if (!ability.replication_right) {
        return {.dirsync = false, .reason = "without the replication right DirSync would not tell of deleted users"};
    }
    return {.dirsync = true, .reason = "the server offers DirSync and the account holds the replication right"};
}

}  // namespace keysyncd::ldap
