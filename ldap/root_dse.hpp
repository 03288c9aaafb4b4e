// What a domain controller says about itself: the rootDSE (MS-ADTS 3.1.1.3.2), its database's invocationId and
// up-to-dateness vector, and its domain's SID. parse_root_dse is pure, the rest runs on the connection's worker thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ldap/connection.hpp"
#include "ldap/guid.hpp"
#include "ldap/replication_state.hpp"
#include "ldap/sid.hpp"
#include "ldap/time.hpp"

namespace keysyncd::ldap {

struct RootDse {
    std::uint64_t highest_committed_usn = 0;
    std::chrono::sys_seconds current_time;
    std::string ds_service_name;  ///< DN of the domain controller's NTDS Settings
    std::string default_naming_context;
    std::string schema_naming_context;
    std::string dns_host_name;
    std::vector<std::string> supported_controls;
    std::chrono::nanoseconds clock_offset{};  ///< its clock minus ours

    [[nodiscard]] bool supports(std::string_view control) const noexcept;
};

/// The error names what is missing. `sent` and `received` are our clock around the request.
[[nodiscard]] std::expected<RootDse, std::string> parse_root_dse(const Entry& entry, Instant sent, Instant received);

[[nodiscard]] std::expected<RootDse, PollError> read_root_dse(Connection& connection, const std::stop_token& stop);

/// Identifies the domain controller's database: another one after a restore.
[[nodiscard]] std::expected<Guid, PollError> read_invocation_id(Connection& connection, const RootDse& root,
                                                                const std::stop_token& stop);

/// The SID of the domain whose naming context this is; empty where it may not be read.
[[nodiscard]] std::expected<Sid, PollError> read_domain_sid(Connection& connection, const std::string& naming_context,
                                                            const std::stop_token& stop);

/// What it has received of what others wrote; std::nullopt where that does not show, or is no vector.
[[nodiscard]] std::expected<std::optional<ReplicationState>, PollError> read_up_to_date_vector(
    Connection& connection, const std::string& naming_context, const std::stop_token& stop);

}  // namespace keysyncd::ldap
