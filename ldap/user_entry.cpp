#include "ldap/user_entry.hpp"

#include <algorithm>

#include "ldap/key_value.hpp"
#include "ldap/range_retrieval.hpp"
#include "ldap/windows_time.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::int64_t account_disabled = 0x2;  // ADS_UF_ACCOUNTDISABLE (MS-ADTS 2.2.16)

enum class Field : std::uint8_t {
    object_guid,
    object_sid,
    consistency_guid,
    user_principal_name,
    sam_account_name,
    admin_count,
    user_account_control,
    when_changed,
    usn_changed,
    is_deleted,
    keys,
};
constexpr std::array<std::string_view, 11> field_names{"objectGUID",         "objectSid",      "mS-DS-ConsistencyGuid",
                                                       "userPrincipalName",  "sAMAccountName", "adminCount",
                                                       "userAccountControl", "whenChanged",    "uSNChanged",
                                                       "isDeleted",          key_attribute};

/// What an entry has of the attributes that every user search asks for.
class Fields {
  public:
    explicit Fields(const EntryView& entry) {
        for (const AttributeView& attribute : entry.attributes) {
            const auto name = std::ranges::find_if(
                field_names, [&](std::string_view known) { return equal_names(known, attribute.name); });
            if (name != field_names.end()) {
                values_[static_cast<std::size_t>(name - field_names.begin())] = attribute.values;
            } else if (attribute.name.size() > key_attribute.size()) {
                const auto ranged = parse_ranged_name(attribute.name);
                if (ranged && equal_names(ranged->base, key_attribute)) {
                    ranged_keys_ = attribute.values;
                }
            }
        }
    }

    /// The first value; "" when there is none.
    [[nodiscard]] std::string_view text(Field field) const {
        const auto values = values_[static_cast<std::size_t>(field)];
        return values.empty() ? std::string_view{} : values.front();
    }
    [[nodiscard]] std::span<const std::byte> bytes(Field field) const { return std::as_bytes(std::span(text(field))); }
    [[nodiscard]] std::int64_t integer(Field field) const { return to_integer(text(field)).value_or(0); }

    /// A domain controller that answers a range also lists the plain name, without values.
    [[nodiscard]] std::span<const std::string_view> keys() const {
        return ranged_keys_.empty() ? values_[static_cast<std::size_t>(Field::keys)] : ranged_keys_;
    }

  private:
    std::array<std::span<const std::string_view>, field_names.size()> values_;
    std::span<const std::string_view> ranged_keys_;
};

}  // namespace

std::vector<std::string> user_attributes() {
    return {field_names.begin(), field_names.end()};
}

std::optional<DirectoryUser> to_directory_user(const EntryView& entry, Instant now) {
    const Fields fields{entry};
    const auto guid = Guid::from_bytes(fields.bytes(Field::object_guid));
    if (!guid) {
        return std::nullopt;
    }
    DirectoryUser user;
    user.object_guid = *guid;
    if (auto sid = Sid::from_bytes(fields.bytes(Field::object_sid))) {
        user.object_sid = std::move(*sid);
    }
    user.consistency_guid = Guid::from_bytes(fields.bytes(Field::consistency_guid));
    user.dn = entry.dn;
    user.user_principal_name = fields.text(Field::user_principal_name);
    user.sam_account_name = fields.text(Field::sam_account_name);
    user.protected_account = fields.integer(Field::admin_count) == 1;
    user.disabled = (fields.integer(Field::user_account_control) & account_disabled) != 0;
    user.deleted = fields.text(Field::is_deleted) == "TRUE";
    user.when_changed = parse_generalized_time(fields.text(Field::when_changed));
    user.usn_changed = static_cast<std::uint64_t>(fields.integer(Field::usn_changed));
    user.keys.reserve(fields.keys().size());
    for (const std::string_view value : fields.keys()) {
        if (auto key = decode_key_value(value, now)) {
            user.keys.push_back(std::move(*key));
        } else {
            user.malformed.push_back(std::move(key.error()));
        }
    }
    return user;
}

std::optional<DirectoryUser> to_directory_user(const Entry& entry, Instant now) {
    std::vector<std::vector<std::string_view>> values;
    values.reserve(entry.attributes.size());
    std::vector<AttributeView> attributes;
    attributes.reserve(entry.attributes.size());
    for (const Attribute& attribute : entry.attributes) {
        const auto& own = values.emplace_back(attribute.values.begin(), attribute.values.end());
        attributes.push_back({.name = attribute.name, .values = own});
    }
    return to_directory_user(EntryView{.dn = entry.dn, .attributes = attributes}, now);
}

}  // namespace keysyncd::ldap
