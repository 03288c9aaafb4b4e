#include "ldap/access_check.hpp"

#include <algorithm>
#include <cstdint>

namespace keysyncd::ldap {
namespace {

// MS-ADTS 5.1.3.2
constexpr std::uint32_t list_contents = 0x0000'0004;
constexpr std::uint32_t read_property = 0x0000'0010;
constexpr std::uint32_t control_access = 0x0000'0100;
constexpr std::uint32_t generic_read = 0x8000'0000;
constexpr std::uint32_t generic_all = 0x1000'0000;

std::uint32_t rights_of(std::uint32_t mask) noexcept {
    if ((mask & generic_all) != 0) {
        return mask | list_contents | read_property | control_access;
    }
    return (mask & generic_read) != 0 ? mask | list_contents | read_property : mask;
}

// The first entry that speaks about the right, in the order of the list, decides.
// `attribute`: what the right is for; nullptr: the object as a whole.
bool granted(const std::vector<AccessControlEntry>& entries, std::span<const Sid> token,
             const ProtectedAttribute* attribute, std::uint32_t right) {
    for (const auto& entry : entries) {
        if (entry.inherit_only || (rights_of(entry.mask) & right) == 0) {
            continue;
        }
        if (entry.object_type && (attribute == nullptr || (*entry.object_type != attribute->schema_id &&
                                                           entry.object_type != attribute->property_set))) {
            continue;
        }
        if (std::ranges::find(token, entry.trustee) != token.end()) {
            return entry.allows;
        }
    }
    return false;
}

}  // namespace

bool may_read(const Dacl& dacl, std::span<const Sid> token, const ProtectedAttribute& attribute) {
    if (!dacl) {
        return true;
    }
    return granted(*dacl, token, &attribute, read_property) &&
           (!attribute.confidential || granted(*dacl, token, &attribute, control_access));
}

bool may_list(const Dacl& dacl, std::span<const Sid> token) {
    return !dacl || granted(*dacl, token, nullptr, list_contents);
}

}  // namespace keysyncd::ldap
