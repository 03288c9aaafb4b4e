// One number that changes when anything the ledger keeps of a directory user changes: an equal one means no news, so
// that a full sweep costs one look-up a user. Stored, so the same on every machine and release.
#pragma once

#include <cstdint>

#include "ldap/directory_user.hpp"

namespace keysyncd::daemon {

/// Independent of the order of the values.
[[nodiscard]] std::int64_t fingerprint(const ldap::DirectoryUser& user) noexcept;

}  // namespace keysyncd::daemon
