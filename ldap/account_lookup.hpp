// Finds the account behind a waiting key: by SID, else by objectGUID or mS-DS-ConsistencyGuid, which Entra Connect made
// the immutableId of. Filters are pure; look_up_account runs on the connection's worker thread.
#pragma once

#include <expected>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ldap/connection.hpp"
#include "ldap/domain_reader.hpp"

namespace keysyncd::ldap {

/// In the order in which they are tried.
[[nodiscard]] std::vector<std::string> account_filters(const AccountQuery& query);

/// Finds a user by any of its names, every byte of the name escaped.
[[nodiscard]] std::string name_filter(const std::string& name);

/// An octet string in a filter (RFC 4515): every byte as \XX.
[[nodiscard]] std::string escape_bytes(std::span<const std::byte> bytes);

[[nodiscard]] std::expected<std::optional<DirectoryUser>, PollError> look_up_account(Connection& connection,
                                                                                     const std::string& base_dn,
                                                                                     const AccountQuery& query,
                                                                                     const std::stop_token& stop);

}  // namespace keysyncd::ldap
