#include "ldap/account_lookup.hpp"

#include <fmt/format.h>

#include "ldap/user_search.hpp"

namespace keysyncd::ldap {

std::string escape_bytes(std::span<const std::byte> bytes) {
    std::string text;
    text.reserve(bytes.size() * 3);
    for (const auto byte : bytes) {
        fmt::format_to(std::back_inserter(text), "\\{:02x}", std::to_integer<unsigned>(byte));
    }
    return text;
}

std::string name_filter(const std::string& name) {
    const std::string value = escape_bytes(std::as_bytes(std::span{name}));
    std::string filter = "(|";
    for (const std::string_view attribute : {"userPrincipalName", "sAMAccountName", "distinguishedName"}) {
        filter += fmt::format("({}={})", attribute, value);
    }
    if (const auto guid = Guid::parse(name)) {
        filter += fmt::format("(objectGUID={})", escape_bytes(guid->bytes));
    }
    if (const auto sid = Sid::parse(name)) {
        filter += fmt::format("(objectSid={})", escape_bytes(sid->to_bytes()));
    }
    return filter + ")";
}

std::vector<std::string> account_filters(const AccountQuery& query) {
    std::vector<std::string> filters;
    const auto add = [&](std::string_view attribute, std::span<const std::byte> value) {
        filters.push_back(fmt::format("(&(objectClass=user)({}={}))", attribute, escape_bytes(value)));
    };
    if (!query.sid.empty()) {
        const auto bytes = query.sid.to_bytes();
        add("objectSid", bytes);
    }
    if (query.immutable_id) {
        add("objectGUID", query.immutable_id->bytes);
        add("mS-DS-ConsistencyGuid", query.immutable_id->bytes);
    }
    if (!query.name.empty()) {
        filters.push_back(fmt::format("(&(objectClass=user){})", name_filter(query.name)));
    }
    return filters;
}

std::expected<std::optional<DirectoryUser>, PollError> look_up_account(Connection& connection,
                                                                       const std::string& base_dn,
                                                                       const AccountQuery& query,
                                                                       const std::stop_token& stop) {
    std::optional<DirectoryUser> account;
    for (const auto& filter : account_filters(query)) {
        const auto found = read_users(
            connection, base_dn, filter,
            [&](std::vector<DirectoryUser>&& batch) -> std::expected<bool, PollError> {
                account = std::move(batch.front());
                return true;
            },
            stop);
        if (!found) {
            return std::unexpected(found.error());
        }
        if (account) {
            break;
        }
    }
    return account;
}

}  // namespace keysyncd::ldap
