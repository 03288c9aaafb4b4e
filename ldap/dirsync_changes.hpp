// What one entry of a DirSync answer with incremental values says about a user's keys. Pure.
// Added values come as "msDS-KeyCredentialLink;range=1-1", removed ones as ";range=0-0" (Samba's dirsync.c; Windows is
// said to do the same); a name without range holds the values there are, as in the first answer.
#pragma once

#include <optional>
#include <string_view>

#include "ldap/directory_user.hpp"
#include "ldap/entry.hpp"

namespace keysyncd::ldap {

enum class LinkChange : std::uint8_t { present, added, removed };

/// std::nullopt when `name` is not `attribute`, whatever its range.
[[nodiscard]] std::optional<LinkChange> link_change(std::string_view name, std::string_view attribute) noexcept;

/// Fills `keys`, `removed_keys` and `malformed`, and says KeySet::incremental. A value that is told as removed and as
/// added is there. Removed values that do not decode never were keys: they are left out.
void read_key_changes(const Entry& entry, Instant now, DirectoryUser& user);

}  // namespace keysyncd::ldap
