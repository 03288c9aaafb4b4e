#include "ldap/user_search.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "ldap/paged_search.hpp"
#include "ldap/range_retrieval.hpp"
#include "ldap/user_entry.hpp"

namespace keysyncd::ldap {
namespace {

// LDAP_SERVER_SHOW_DELETED_OID (MS-ADTS 3.1.1.3.4.1.14)
Control show_deleted() {
    return {.oid = "1.2.840.113556.1.4.417", .value = {}, .critical = true};
}

bool refused_for_good(const PollError& error) {
    const bool cut_short = error.code == result_code::time_limit_exceeded ||
                           error.code == result_code::size_limit_exceeded ||
                           error.code == result_code::admin_limit_exceeded;
    return !cut_short && (error.failure == PollFailure::configuration || error.failure == PollFailure::search ||
                          error.failure == PollFailure::rights);
}

Instant now() {
    return std::chrono::time_point_cast<Ticks>(std::chrono::system_clock::now());
}

}  // namespace

std::string sweep_filter(std::string_view narrowing) {
    return fmt::format("(&(objectCategory=person)(objectClass=user)({}=*){})", key_attribute, narrowing);
}

std::string window_filter(std::uint64_t first_usn, std::string_view narrowing) {
    return fmt::format("(&(objectCategory=person)(objectClass=user)(uSNChanged>={}){})", first_usn, narrowing);
}

std::string tombstone_filter(std::uint64_t first_usn) {
    return fmt::format("(&(objectClass=user)(!(objectClass=computer))(isDeleted=TRUE)(uSNChanged>={}))", first_usn);
}

std::expected<std::uint64_t, PollError> read_users(Connection& connection, const std::string& base_dn,
                                                   const std::string& filter, const BatchVisitor& visit,
                                                   const std::stop_token& stop) {
    const SearchRequest request{.base = base_dn,
                                .scope = SearchScope::subtree,
                                .filter = filter,
                                .attributes = user_attributes(),
                                .limit = connection.limits().page};
    std::vector<DirectoryUser> batch;
    std::vector<Entry> unfinished;  // more values are asked for when the page is complete
    const auto on_entry = [&](const EntryView& entry) {
        if (has_partial_range(entry, key_attribute)) {
            unfinished.push_back(entry.copy());
        } else if (auto user = to_directory_user(entry, now())) {
            batch.push_back(std::move(*user));
        }
        return true;
    };
    const auto on_page = [&]() -> std::expected<bool, PollError> {
        for (Entry& entry : std::exchange(unfinished, {})) {
            if (const auto whole = complete_ranges(connection, entry, key_attribute, stop); !whole) {
                return std::unexpected(whole.error());
            }
            if (auto user = to_directory_user(entry, now())) {
                batch.push_back(std::move(*user));
            }
        }
        return batch.empty() ? true : visit(std::exchange(batch, {}));
    };
    return paged_search(connection, request, on_entry, on_page, stop);
}

std::expected<std::vector<DirectoryUser>, PollError> read_tombstones(Connection& connection,
                                                                     const std::string& naming_context,
                                                                     std::uint64_t first_usn,
                                                                     const std::stop_token& stop) {
    std::vector<DirectoryUser> deleted;
    // The Deleted Objects container by its well-known GUID (MS-ADTS 6.1.1.4).
    const SearchRequest request{
        .base = fmt::format("<WKGUID=18E2EA80684F11D2B9AA00C04F79F805,{}>", naming_context),
        .scope = SearchScope::one_level,
        .filter = tombstone_filter(first_usn),
        .attributes = {"objectGUID", "objectSid", "sAMAccountName", "isDeleted", "whenChanged", "uSNChanged"},
        .controls = {show_deleted()},
        .limit = connection.limits().page};
    const auto found = paged_search(
        connection, request,
        [&](std::vector<Entry>&& page) -> std::expected<bool, PollError> {
            for (const auto& entry : page) {
                if (auto user = to_directory_user(entry, now()); user && user->deleted) {
                    deleted.push_back(std::move(*user));
                }
            }
            return true;
        },
        stop);
    // Not there for this account, or refused: no reason to fail the pass. Whatever else went wrong is one: the cursor
    // must not move past deletions that an answer cut short did not tell.
    if (!found && !refused_for_good(found.error())) {
        return std::unexpected(found.error());
    }
    return deleted;
}

}  // namespace keysyncd::ldap
