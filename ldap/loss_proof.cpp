#include "ldap/loss_proof.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ldap/account_lookup.hpp"
#include "ldap/security_descriptor.hpp"
#include "ldap/user_entry.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::size_t users_per_search = 50;

std::expected<std::vector<Entry>, PollError> read_users_by_guid(Connection& connection, const RootDse& root,
                                                                std::span<const KnownUser> users,
                                                                const std::stop_token& stop) {
    SearchRequest request{.base = root.default_naming_context,
                          .scope = SearchScope::subtree,
                          .filter = "(|",
                          .attributes = {"objectGUID", std::string(key_attribute), "nTSecurityDescriptor"},
                          .controls = {dacl_only()}};
    for (const KnownUser& user : users) {
        request.filter += fmt::format("(objectGUID={})", escape_bytes(user.object_guid.bytes));
    }
    request.filter += ")";
    std::vector<Entry> entries;
    const auto result = connection.search(
        request,
        [&](const EntryView& entry) {
            entries.push_back(entry.copy());
            return true;
        },
        stop);
    if (!result) {
        return std::unexpected(result.error());
    }
    if (result->code != result_code::success) {
        return std::unexpected(connection.refused(*result, "looking for users whose keys are no longer shown"));
    }
    return entries;
}

// Whether the account sees who is in there: by its access control list, else by somebody that shows.
std::expected<bool, PollError> lists_its_content(Connection& connection, const Entry& container,
                                                 const RightsMeasure& measure, const std::stop_token& stop) {
    const auto descriptor = container.bytes("nTSecurityDescriptor");
    if (!descriptor.empty()) {
        const auto dacl = parse_dacl(descriptor);
        return dacl && may_list(*dacl, measure.token);
    }
    bool shows = false;
    const auto result = connection.search(
        {.base = container.dn, .scope = SearchScope::one_level, .attributes = {"objectGUID"}, .size_limit = 1},
        [&](const EntryView& /*entry*/) {
            shows = true;
            return true;
        },
        stop);
    if (!result) {
        return std::unexpected(result.error());
    }
    return shows;
}

// A container that is gone took its users along, or they were moved: then the one above tells.
std::expected<bool, PollError> is_closed(Connection& connection, const RootDse& root, std::string container,
                                         const RightsMeasure& measure, const std::stop_token& stop) {
    for (; !container.empty(); container = parent_of(container)) {
        const auto entry = connection.read(
            {.base = container, .attributes = {"nTSecurityDescriptor"}, .controls = {dacl_only()}}, stop);
        if (!entry) {
            return std::unexpected(entry.error());
        }
        if (*entry) {
            const auto lists = lists_its_content(connection, **entry, measure, stop);
            return lists ? std::expected<bool, PollError>{!*lists} : lists;
        }
        if (equal_names(container, root.default_naming_context)) {
            break;
        }
    }
    return false;
}

}  // namespace

std::vector<KnownUser> judge_losses(std::span<const KnownUser> asked, std::span<const Entry> entries,
                                    const RightsMeasure& measure, HiddenUsers& hidden) {
    std::vector<KnownUser> absent(asked.begin(), asked.end());
    for (const Entry& entry : entries) {
        const auto guid = Guid::from_bytes(entry.bytes("objectGUID"));
        if (!guid || std::erase_if(absent, [&](const KnownUser& user) { return user.object_guid == *guid; }) == 0) {
            continue;
        }
        if (!keys_readable(entry, measure)) {
            hidden.users.push_back(*guid);
            hidden.places.emplace(parent_of(entry.dn), Hiding::keys);
        }
    }
    return absent;
}

std::string parent_of(std::string_view dn) {
    for (std::size_t at = 0; at < dn.size(); ++at) {
        if (dn[at] == '\\') {
            ++at;
        } else if (dn[at] == ',') {
            return std::string(dn.substr(at + 1));
        }
    }
    return {};
}

std::expected<HiddenUsers, PollError> find_hidden(Connection& connection, const RootDse& root,
                                                  std::span<const KnownUser> asked, const std::stop_token& stop) {
    HiddenUsers hidden;
    if (asked.empty()) {
        return hidden;
    }
    const auto measure = read_measure(connection, root, stop);
    if (!measure) {
        return std::unexpected(measure.error());
    }
    std::map<std::string, bool> closed;
    for (std::size_t at = 0; at < asked.size(); at += users_per_search) {
        const auto part = asked.subspan(at, std::min(users_per_search, asked.size() - at));
        const auto entries = read_users_by_guid(connection, root, part, stop);
        if (!entries) {
            return std::unexpected(entries.error());
        }
        for (const KnownUser& user : judge_losses(part, *entries, *measure, hidden)) {
            std::string place = parent_of(user.dn);
            auto known = closed.find(place);
            if (known == closed.end()) {
                const auto found = is_closed(connection, root, place, *measure, stop);
                if (!found) {
                    return std::unexpected(found.error());
                }
                known = closed.emplace(place, *found).first;
            }
            if (known->second) {
                hidden.users.push_back(user.object_guid);
                hidden.places.emplace(std::move(place), Hiding::users);
            }
        }
    }
    return hidden;
}

}  // namespace keysyncd::ldap
