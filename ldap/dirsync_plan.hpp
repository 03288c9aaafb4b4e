// What the next pass by DirSync asks, and when DirSync is the way to track changes at all. Pure, any thread.
// A cookie holds the change numbers of every domain controller (its up-to-dateness vector): unlike a uSNChanged it may
// be taken to another one, which then answers what this one had not told (MS-ADTS 3.1.1.3.4.1.3).
#pragma once

#include <span>
#include <string>

#include "config/settings.hpp"
#include "ldap/change_window.hpp"
#include "ldap/domain_reader.hpp"

namespace keysyncd::ldap {

struct DirSyncPlan {
    PassKind kind = PassKind::full_sweep;
    std::string reason;  ///< of a full sweep; empty otherwise
    std::string cookie;  ///< of a window, and of a quiet pass, which keeps it
};

[[nodiscard]] DirSyncPlan plan_dirsync(std::span<const DirectoryCursor> cursors, const DatabaseState& now,
                                       bool sweep_due);

/// What the domain controller and the account can do.
struct DirSyncAbility {
    bool offered = false;            ///< in the rootDSE's supportedControl
    bool replication_right = false;  ///< it answers without the object-security flag
};

struct TrackingChoice {
    bool dirsync = false;
    std::string reason;
};

/// For change_tracking: auto. DirSync where it shows everything, deletions too; else uSNChanged.
[[nodiscard]] TrackingChoice choose_tracking(const DirSyncAbility& ability, bool base_is_naming_context);

}  // namespace keysyncd::ldap
