// The searches for users: which filter a sweep or a window uses, and running one so that whole users come out in
// batches, ranges completed. Filters are pure; read_users runs on the connection's worker thread.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ldap/connection.hpp"
#include "ldap/directory_user.hpp"

namespace keysyncd::ldap {

inline constexpr std::string_view user_filter = "(&(objectCategory=person)(objectClass=user))";

/// Users that carry keys. `narrowing`: the operator's filter, may be empty.
[[nodiscard]] std::string sweep_filter(std::string_view narrowing);

/// Users that changed, with keys or without: one whose last key was removed shows up too.
[[nodiscard]] std::string window_filter(std::uint64_t first_usn, std::string_view narrowing);

/// Users that were deleted. Not narrowed: a tombstone has lost most of its attributes, objectCategory among them.
[[nodiscard]] std::string tombstone_filter(std::uint64_t first_usn);

/// False ends the search (PollFailure::stopped).
using BatchVisitor = std::function<std::expected<bool, PollError>(std::vector<DirectoryUser>&& batch)>;

/// The number of entries. A batch is a page of the search.
[[nodiscard]] std::expected<std::uint64_t, PollError> read_users(Connection& connection, const std::string& base_dn,
                                                                 const std::string& filter, const BatchVisitor& visit,
                                                                 const std::stop_token& stop);

/// The users deleted since `first_usn`; none, without a word, where the account may not see deleted objects: the next
/// full sweep misses them then.
[[nodiscard]] std::expected<std::vector<DirectoryUser>, PollError> read_tombstones(Connection& connection,
                                                                                   const std::string& naming_context,
                                                                                   std::uint64_t first_usn,
                                                                                   const std::stop_token& stop);

}  // namespace keysyncd::ldap
