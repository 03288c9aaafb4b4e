#include "ldap/canary.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ldap/paged_search.hpp"
#include "ldap/range_retrieval.hpp"
#include "ldap/user_entry.hpp"
#include "ldap/user_search.hpp"

namespace keysyncd::ldap {
namespace {

constexpr int sample_size = 100;
constexpr std::size_t most_units_apart = 100;
constexpr std::int64_t confidential_flag = 0x80;  // searchFlags fCONFIDENTIAL (MS-ADTS 2.2.10)

std::expected<ProtectedAttribute, PollError> read_key_attribute_schema(Connection& connection, const RootDse& root,
                                                                       const std::stop_token& stop) {
    std::optional<ProtectedAttribute> schema;
    const SearchRequest request{.base = root.schema_naming_context,
                                .scope = SearchScope::one_level,
                                .filter = fmt::format("(lDAPDisplayName={})", key_attribute),
                                .attributes = {"schemaIDGUID", "attributeSecurityGUID", "searchFlags"}};
    const auto result = connection.search(
        request,
        [&](const EntryView& found) {
            const Entry entry = found.copy();
            if (const auto id = Guid::from_bytes(entry.bytes("schemaIDGUID"))) {
                schema = ProtectedAttribute{
                    .schema_id = *id,
                    .property_set = Guid::from_bytes(entry.bytes("attributeSecurityGUID")),
                    .confidential = (entry.integer("searchFlags").value_or(0) & confidential_flag) != 0};
            }
            return true;
        },
        stop);
    if (!result) {
        return std::unexpected(result.error());
    }
    if (!schema) {
        return std::unexpected(PollError{
            PollFailure::configuration, connection.server().url(),
            fmt::format("the forest's schema has no {}, or the account may not read the schema; the attribute came "
                        "with Windows Server 2016: extend the schema (adprep /forestprep)",
                        key_attribute)});
    }
    return *schema;
}

std::expected<std::vector<Sid>, PollError> read_token(Connection& connection, const std::stop_token& stop) {
    auto entry = connection.read({.base = {}, .attributes = {"tokenGroups"}}, stop);
    if (!entry) {
        return std::unexpected(std::move(entry.error()));
    }
    std::vector<Sid> token;
    if (const Attribute* groups = *entry ? (*entry)->find("tokenGroups") : nullptr) {
        for (const auto& value : groups->values) {
            if (auto sid = Sid::from_bytes(std::as_bytes(std::span(value)))) {
                token.push_back(std::move(*sid));
            }
        }
    }
    return token;
}

SearchRequest sample_request(std::string base) {
    return {.base = std::move(base),
            .attributes = {"objectSid", "adminCount", "uSNChanged", std::string(key_attribute), "nTSecurityDescriptor"},
            .controls = {dacl_only()}};
}

std::expected<std::vector<Entry>, PollError> read_sample(Connection& connection, const std::string& base_dn,
                                                         const std::stop_token& stop) {
    std::vector<Entry> sample;
    SearchRequest request = sample_request(base_dn);
    request.scope = SearchScope::subtree;
    request.filter = user_filter;
    request.size_limit = sample_size;
    const auto result = connection.search(
        request,
        [&](const EntryView& entry) {
            sample.push_back(entry.copy());
            return true;
        },
        stop);
    if (!result) {
        return std::unexpected(result.error());
    }
    if (result->code != result_code::success && result->code != result_code::size_limit_exceeded) {
        return std::unexpected(connection.refused(*result, fmt::format("looking at users under \"{}\"", base_dn)));
    }
    return sample;
}

bool shows_keys(const Entry& entry) {
    const Attribute* keys = find_with_range(entry, key_attribute);
    return keys != nullptr && !keys->values.empty();
}

bool key_readable(const Entry& entry, std::span<const Sid> token, const ProtectedAttribute& schema) {
    if (shows_keys(entry)) {
        return true;
    }
    const auto descriptor = entry.bytes("nTSecurityDescriptor");
    if (descriptor.empty()) {
        return false;
    }
    const auto dacl = parse_dacl(descriptor);
    return dacl && may_read(*dacl, token, schema);
}

}  // namespace

// LDAP_SERVER_SD_FLAGS_OID (MS-ADTS 3.1.1.3.4.1.11). Not critical: Active Directory honours it all the same, and a
// server that does not know it has no such descriptors to show.
Control dacl_only() {
    return {.oid = "1.2.840.113556.1.4.801", .value = {"\x30\x03\x02\x01\x04", 5}, .critical = false};
}

std::expected<RightsMeasure, PollError> read_measure(Connection& connection, const RootDse& root,
                                                     const std::stop_token& stop) {
    auto schema = read_key_attribute_schema(connection, root, stop);
    if (!schema) {
        return std::unexpected(std::move(schema.error()));
    }
    auto token = read_token(connection, stop);
    if (!token) {
        return std::unexpected(std::move(token.error()));
    }
    return RightsMeasure{.key_attribute_schema = *schema, .token = std::move(*token)};
}

bool keys_readable(const Entry& entry, const RightsMeasure& measure) {
    return key_readable(entry, measure.token, measure.key_attribute_schema);
}

SampleVerdict judge_sample(std::span<const Entry> sample, std::span<const Sid> token,
                           const ProtectedAttribute& key_attribute_schema) {
    SampleVerdict ordinary;
    SampleVerdict everyone;
    for (const auto& entry : sample) {
        if (const auto sid = Sid::from_bytes(entry.bytes("objectSid"));
            sid && std::ranges::find(token, *sid) != token.end()) {
            continue;  // ourselves: every account may read its own object
        }
        const bool usn = entry.find("uSNChanged") != nullptr;
        const bool keys = key_readable(entry, token, key_attribute_schema);
        const auto count = [&](SampleVerdict& verdict) {
            ++verdict.users;
            verdict.usn_readable += usn ? 1 : 0;
            verdict.keys_readable += keys ? 1 : 0;
        };
        count(everyone);
        if (entry.integer("adminCount").value_or(0) != 1) {
            count(ordinary);
        }
    }
    return ordinary.users > 0 ? ordinary : everyone;
}

std::expected<SampleVerdict, PollError> sample_rights(Connection& connection, const RootDse& root,
                                                      const std::string& base_dn, const std::stop_token& stop) {
    const auto measure = read_measure(connection, root, stop);
    if (!measure) {
        return std::unexpected(measure.error());
    }
    auto sample = read_sample(connection, base_dn, stop);
    if (!sample) {
        return std::unexpected(std::move(sample.error()));
    }
    return judge_sample(*sample, measure->token, measure->key_attribute_schema);
}

std::expected<std::vector<std::string>, PollError> units_apart(Connection& connection, const std::string& base_dn,
                                                               const std::stop_token& stop) {
    std::vector<std::string> units;
    const SearchRequest request{.base = base_dn,
                                .scope = SearchScope::subtree,
                                .filter = "(objectClass=organizationalUnit)",
                                .attributes = {"nTSecurityDescriptor"},
                                .controls = {dacl_only()}};
    const auto read = paged_search(
        connection, request,
        [&](std::vector<Entry>&& page) -> std::expected<bool, PollError> {
            for (Entry& entry : page) {
                const auto descriptor = entry.bytes("nTSecurityDescriptor");
                if (units.size() < most_units_apart && (descriptor.empty() || inherits_nothing(descriptor))) {
                    units.push_back(std::move(entry.dn));
                }
            }
            return true;
        },
        stop);
    if (!read) {
        return std::unexpected(read.error());
    }
    return units;
}

std::expected<std::optional<bool>, PollError> still_readable(Connection& connection, const RootDse& root,
                                                             const Guid& user, const std::stop_token& stop) {
    SearchRequest request = sample_request(fmt::format("<GUID={}>", user.to_string()));
    auto entry = connection.read(std::move(request), stop);
    if (!entry) {
        return std::unexpected(std::move(entry.error()));
    }
    if (!*entry) {
        return std::nullopt;
    }
    if ((*entry)->find("uSNChanged") == nullptr) {
        return false;
    }
    if (shows_keys(**entry)) {
        return true;
    }
    const auto measure = read_measure(connection, root, stop);
    if (!measure) {
        return std::unexpected(measure.error());
    }
    return keys_readable(**entry, *measure);
}

std::string missing_right(std::string_view attribute, const std::string& base_dn, const std::string& account) {
    return fmt::format(
        "the account cannot read {0} of the users under {1}, so that an answer without keys means nothing; grant it, "
        "on a domain controller: dsacls \"{1}\" /I:S /G \"{2}:RP;{0};user\"",
        attribute, base_dn, account.empty() ? "ACCOUNT" : account);
}

}  // namespace keysyncd::ldap
