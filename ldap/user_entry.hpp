// One search entry into one DirectoryUser: identity, account state and decoded keys. Pure, any thread.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ldap/directory_user.hpp"
#include "ldap/entry_view.hpp"

namespace keysyncd::ldap {

inline constexpr std::string_view key_attribute = "msDS-KeyCredentialLink";

/// What every user search asks for.
[[nodiscard]] std::vector<std::string> user_attributes();

/// std::nullopt without an objectGUID: nothing else stays the same when a user is renamed or moved.
/// `now` bounds the range of believable creation times.
[[nodiscard]] std::optional<DirectoryUser> to_directory_user(const EntryView& entry, Instant now);
[[nodiscard]] std::optional<DirectoryUser> to_directory_user(const Entry& entry, Instant now);

}  // namespace keysyncd::ldap
