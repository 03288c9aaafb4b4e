// Names of the single values in the ledger's table `meta`: each is written in one place and read in others, some of
// them by a connection of its own. They are on disk: never rename one.
#pragma once

#include <string_view>

namespace keysyncd::daemon::meta_name {

inline constexpr std::string_view stopped_cleanly = "stopped_cleanly";
inline constexpr std::string_view audit_read_until = "audit_read_until";
inline constexpr std::string_view entra_last_sync = "entra_last_sync";    ///< the tenant's, in ticks
inline constexpr std::string_view registration_gap = "registration_gap";  ///< lost audit log so far, in ticks

}  // namespace keysyncd::daemon::meta_name
