// A search in pages (RFC 2696), so that no domain controller's MaxPageSize (1000) cuts it short and no page is larger
// than what fits in memory. The paged control goes with each request: its cookie lives only on its connection.
// On the connection's worker thread.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <stop_token>
#include <vector>

#include "ldap/connection.hpp"

namespace keysyncd::ldap {

/// Called when a page is complete and the next one has been asked for, so that the server gathers it meanwhile; false
/// ends the search (PollFailure::stopped).
using PageEnd = std::function<std::expected<bool, PollError>()>;

/// Handed each page whole at that moment.
using PageVisitor = std::function<std::expected<bool, PollError>(std::vector<Entry>&& page)>;

/// The number of entries. `request.limit` bounds each page; its size is the connection's.
[[nodiscard]] std::expected<std::uint64_t, PollError> paged_search(Connection& connection, const SearchRequest& request,
                                                                   const EntryVisitor& on_entry, const PageEnd& on_page,
                                                                   const std::stop_token& stop);
[[nodiscard]] std::expected<std::uint64_t, PollError> paged_search(Connection& connection, const SearchRequest& request,
                                                                   const PageVisitor& visit,
                                                                   const std::stop_token& stop);

/// Replaces `entry`'s attribute `name`, where it came as a range, by all of its values (ldap/range_retrieval.hpp).
[[nodiscard]] std::expected<void, PollError> complete_ranges(Connection& connection, Entry& entry,
                                                             std::string_view name, const std::stop_token& stop);

}  // namespace keysyncd::ldap
