#include "ldap/user_entry.hpp"

#include "ldap/key_value.hpp"
#include "ldap/range_retrieval.hpp"
#include "ldap/windows_time.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::int64_t account_disabled = 0x2;  // ADS_UF_ACCOUNTDISABLE (MS-ADTS 2.2.16)

}  // namespace

std::vector<std::string> user_attributes() {
    return {"objectGUID",     "objectSid",  "mS-DS-ConsistencyGuid",   "userPrincipalName",
            "sAMAccountName", "adminCount", "userAccountControl",      "whenChanged",
            "uSNChanged",     "isDeleted",  std::string(key_attribute)};
}

std::optional<DirectoryUser> to_directory_user(const Entry& entry, Instant now) {
    const auto guid = Guid::from_bytes(entry.bytes("objectGUID"));
    if (!guid) {
        return std::nullopt;
    }
    DirectoryUser user;
    user.object_guid = *guid;
    if (auto sid = Sid::from_bytes(entry.bytes("objectSid"))) {
        user.object_sid = std::move(*sid);
    }
    user.consistency_guid = Guid::from_bytes(entry.bytes("mS-DS-ConsistencyGuid"));
    user.dn = entry.dn;
    user.user_principal_name = entry.text("userPrincipalName");
    user.sam_account_name = entry.text("sAMAccountName");
    user.protected_account = entry.integer("adminCount").value_or(0) == 1;
    user.disabled = (entry.integer("userAccountControl").value_or(0) & account_disabled) != 0;
    user.deleted = entry.text("isDeleted") == "TRUE";
    user.when_changed = parse_generalized_time(entry.text("whenChanged"));
    user.usn_changed = static_cast<std::uint64_t>(entry.integer("uSNChanged").value_or(0));
    if (const Attribute* values = find_with_range(entry, key_attribute)) {
        user.keys.reserve(values->values.size());
        for (const auto& value : values->values) {
            if (auto key = decode_key_value(value, now)) {
                user.keys.push_back(std::move(*key));
            } else {
                user.malformed.push_back(std::move(key.error()));
            }
        }
    }
    return user;
}

}  // namespace keysyncd::ldap
