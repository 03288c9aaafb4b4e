#include "ldap/dirsync_changes.hpp"

#include <algorithm>

#include "ldap/key_value.hpp"
#include "ldap/range_retrieval.hpp"
#include "ldap/user_entry.hpp"

namespace keysyncd::ldap {
namespace {

void add_keys(const Attribute& attribute, Instant now, DirectoryUser& user) {
    for (const std::string& value : attribute.values) {
        if (auto key = decode_key_value(value, now)) {
            user.keys.push_back(*std::move(key));
        } else {
            user.malformed.push_back(std::move(key.error()));
        }
    }
}

void add_removed(const Attribute& attribute, Instant now, DirectoryUser& user) {
    for (const std::string& value : attribute.values) {
        if (auto key = decode_key_value(value, now, HashChecks::off)) {
            user.removed_keys.push_back(std::move(key->key_id));
        }
    }
}

}  // namespace

std::optional<LinkChange> link_change(std::string_view name, std::string_view attribute) noexcept {
    const auto ranged = parse_ranged_name(name);
    if (!ranged) {
        return equal_names(name, attribute) ? std::optional{LinkChange::present} : std::nullopt;
    }
    if (!equal_names(ranged->base, attribute)) {
        return std::nullopt;
    }
    if (ranged->high == ranged->low && ranged->low <= 1) {
        return ranged->low == 1 ? LinkChange::added : LinkChange::removed;
    }
    return LinkChange::present;
}

void read_key_changes(const Entry& entry, Instant now, DirectoryUser& user) {
    user.key_set = KeySet::incremental;
    for (const Attribute& attribute : entry.attributes) {
        const auto change = link_change(attribute.name, key_attribute);
        if (change == LinkChange::removed) {
            add_removed(attribute, now, user);
        } else if (change) {
            add_keys(attribute, now, user);
        }
    }
    std::erase_if(user.removed_keys, [&user](const std::vector<std::byte>& key_id) {
        return std::ranges::find(user.keys, key_id, &DirectoryKey::key_id) != user.keys.end();
    });
}

}  // namespace keysyncd::ldap
