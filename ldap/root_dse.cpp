#include "ldap/root_dse.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ldap/windows_time.hpp"

namespace keysyncd::ldap {
bool RootDse::supports(std::string_view control) const noexcept {
    return std::ranges::find(supported_controls, control) != supported_controls.end();
}

std::expected<RootDse, std::string> parse_root_dse(const Entry& entry, Instant sent, Instant received) {
    RootDse root;
    const auto usn = entry.integer("highestCommittedUSN");
    if (!usn || *usn < 0) {
        return std::unexpected(
            "the server's rootDSE has no highestCommittedUSN: it is no Active Directory domain "
            "controller");
    }
    root.highest_committed_usn = static_cast<std::uint64_t>(*usn);
    const auto time = parse_generalized_time(entry.text("currentTime"));
    if (!time) {
        return std::unexpected("the server's rootDSE has no currentTime");
    }
    root.current_time = *time;
    root.ds_service_name = entry.text("dsServiceName");
    root.default_naming_context = entry.text("defaultNamingContext");
    root.schema_naming_context = entry.text("schemaNamingContext");
    root.dns_host_name = entry.text("dnsHostName");
    if (root.ds_service_name.empty() || root.default_naming_context.empty()) {
        return std::unexpected(
            "the server's rootDSE has no dsServiceName or no defaultNamingContext: is it a domain "
            "controller?");
    }
    if (const Attribute* controls = entry.find("supportedControl")) {
        root.supported_controls = controls->values;
    }
    // Whole seconds, cut off: on average half a second has passed since.
    constexpr std::chrono::milliseconds half_a_second{500};
    const Instant theirs = *time + half_a_second;
    const auto half_trip = (received - sent) / 2;
    const auto offset = theirs - (sent + half_trip);
    // Of a server that stood still in the middle the answer says no more than the round trip explains.
    const bool explained = half_trip > half_a_second && std::chrono::abs(offset) <= half_trip + half_a_second;
    root.clock_offset = explained ? Ticks::zero() : offset;
    return root;
}

std::expected<RootDse, PollError> read_root_dse(Connection& connection, const std::stop_token& stop) {
    const SearchRequest request{
        .base = {},
        .attributes = {"highestCommittedUSN", "currentTime", "dsServiceName", "defaultNamingContext",
                       "schemaNamingContext", "dnsHostName", "supportedControl"},
        .limit = connection.limits().root_dse};
    const auto now = [] { return std::chrono::time_point_cast<Ticks>(std::chrono::system_clock::now()); };
    const Instant sent = now();
    auto entry = connection.read(request, stop);
    const Instant received = now();
    if (!entry) {
        return std::unexpected(std::move(entry.error()));
    }
    if (!*entry) {
        return std::unexpected(PollError{PollFailure::protocol, connection.server().url(), "it has no rootDSE"});
    }
    auto root = parse_root_dse(**entry, sent, received);
    if (!root) {
        return std::unexpected(
            PollError{PollFailure::configuration, connection.server().url(), std::move(root.error())});
    }
    return std::move(*root);
}

std::expected<Guid, PollError> read_invocation_id(Connection& connection, const RootDse& root,
                                                  const std::stop_token& stop) {
    auto entry = connection.read({.base = root.ds_service_name, .attributes = {"invocationId"}}, stop);
    if (!entry) {
        return std::unexpected(std::move(entry.error()));
    }
    const auto id = *entry ? Guid::from_bytes((*entry)->bytes("invocationId")) : std::nullopt;
    if (!id) {
        return std::unexpected(
            PollError{PollFailure::rights, connection.server().url(),
                      fmt::format("invocationId of {} cannot be read; without it a restored domain controller would go "
                                  "unnoticed: let the account read that object",
                                  root.ds_service_name)});
    }
    return *id;
}

std::expected<Sid, PollError> read_domain_sid(Connection& connection, const std::string& naming_context,
                                              const std::stop_token& stop) {
    auto entry = connection.read({.base = naming_context, .attributes = {"objectSid"}}, stop);
    if (!entry) {
        return std::unexpected(std::move(entry.error()));
    }
    auto sid = *entry ? Sid::from_bytes((*entry)->bytes("objectSid")) : std::nullopt;
    return sid.value_or(Sid{});
}

std::expected<std::optional<ReplicationState>, PollError> read_up_to_date_vector(Connection& connection,
                                                                                 const std::string& naming_context,
                                                                                 const std::stop_token& stop) {
    auto entry = connection.read({.base = naming_context, .attributes = {"replUpToDateVector"}}, stop);
    if (!entry) {
        return std::unexpected(std::move(entry.error()));
    }
    return *entry ? parse_up_to_date_vector((*entry)->bytes("replUpToDateVector")) : std::nullopt;
}

}  // namespace keysyncd::ldap
