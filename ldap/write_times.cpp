#include "ldap/write_times.hpp"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "ldap/metadata_join.hpp"
#include "ldap/paged_search.hpp"
#include "ldap/replication_metadata.hpp"
#include "ldap/windows_time.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::string_view binary_form = "msDS-ReplValueMetaData;binary";
constexpr std::string_view xml_form = "msDS-ReplValueMetaData";

// The rows that could be read; std::nullopt when the attribute did not come at all.
std::expected<std::optional<std::vector<ValueMetadata>>, PollError> read_rows(Connection& connection,
                                                                              DirectoryUser& user,
                                                                              std::string_view form,
                                                                              const std::stop_token& stop) {
    auto entry = connection.read({.base = fmt::format("<GUID={}>", user.object_guid.to_string()),
                                  .attributes = {std::string(form), "whenChanged"}},
                                 stop);
    if (!entry) {
        return std::unexpected(std::move(entry.error()));
    }
    if (!*entry) {
        return std::nullopt;
    }
    if (!user.when_changed) {
        user.when_changed = parse_generalized_time((*entry)->text("whenChanged"));
    }
    if (const auto whole = complete_ranges(connection, **entry, form, stop); !whole) {
        return std::unexpected(whole.error());
    }
    const Attribute* attribute = (*entry)->find(form);
    if (attribute == nullptr || attribute->values.empty()) {
        return std::nullopt;
    }
    std::vector<ValueMetadata> rows;
    for (const auto& value : attribute->values) {
        auto row =
            form == binary_form ? parse_metadata_binary(std::as_bytes(std::span(value))) : parse_metadata_xml(value);
        if (row) {
            rows.push_back(std::move(*row));
        }
    }
    return rows;
}

}  // namespace

std::expected<void, PollError> WriteTimes::read(Connection& connection, DirectoryUser& user,
                                                const std::stop_token& stop) {
    ++asked_;
    for (const auto form : {binary_form, xml_form}) {
        const auto rows = read_rows(connection, user, form, stop);
        if (!rows) {
            // A server that refuses the attribute leaves the key bounded; one that is gone ends the pass.
            if (rows.error().failure == PollFailure::search || rows.error().failure == PollFailure::rights) {
                continue;
            }
            return std::unexpected(rows.error());
        }
        if (*rows && !(*rows)->empty()) {
            const auto now = std::chrono::time_point_cast<Ticks>(std::chrono::system_clock::now());
            user.ended_keys = join_metadata(user.keys, user.key_set, **rows, now).ended;
            return {};
        }
    }
    if (!user.keys.empty()) {
        ++unreadable_;
    }
    return {};
}

}  // namespace keysyncd::ldap
