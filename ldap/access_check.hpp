// May this account read that attribute of that object: the access check of MS-ADTS 5.1.3.3 for one property, from the
// object's ACL and the account's token. Needed because a directory never says "not allowed": what may not be read is
// simply not there. Pure, any thread.
#pragma once

#include <optional>
#include <span>

#include "ldap/guid.hpp"
#include "ldap/security_descriptor.hpp"
#include "ldap/sid.hpp"

namespace keysyncd::ldap {

/// From the attribute's schema object.
struct ProtectedAttribute {
    Guid schema_id;                    ///< schemaIDGUID
    std::optional<Guid> property_set;  ///< attributeSecurityGUID
    bool confidential = false;         ///< searchFlags bit 0x80: needs the control right as well
};

/// `token`: the SIDs of the account and of its groups on that domain controller.
[[nodiscard]] bool may_read(const Dacl& dacl, std::span<const Sid> token, const ProtectedAttribute& attribute);

/// May this account list what is in the container (List Contents): where it may not, what is in there is not found.
[[nodiscard]] bool may_list(const Dacl& dacl, std::span<const Sid> token);

}  // namespace keysyncd::ldap
