// Who may do what with a directory object: the discretionary ACL of nTSecurityDescriptor (MS-DTYP 2.4.4 to 2.4.6),
// parsed from untrusted bytes. Pure, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ldap/guid.hpp"
#include "ldap/sid.hpp"

namespace keysyncd::ldap {

struct AccessControlEntry {
    bool allows = false;        ///< else denies
    bool inherit_only = false;  ///< for children, not for the object itself
    std::uint32_t mask = 0;
    std::optional<Guid> object_type;  ///< the attribute, property set or right that it is about; none: all
    Sid trustee;
};

/// In the order in which they are weighed. std::nullopt: there is no ACL, and everything is allowed.
using Dacl = std::optional<std::vector<AccessControlEntry>>;

/// The error says what does not hold together. Entries of kinds that only audit are left out; conditional ones
/// (callback types) count only where they deny, as their condition is not evaluated.
[[nodiscard]] std::expected<Dacl, std::string> parse_dacl(std::span<const std::byte> security_descriptor);

/// Whether the object takes no rights from those above it (SE_DACL_PROTECTED): "inheritance disabled" in the consoles.
[[nodiscard]] bool inherits_nothing(std::span<const std::byte> security_descriptor) noexcept;

}  // namespace keysyncd::ldap
