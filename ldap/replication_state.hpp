// How far a domain controller has received what others wrote: its up-to-dateness vector (MS-DRSR 5.209, the value of
// replUpToDateVector on a naming context's head). Pure, any thread.
// After a failover it decides whether a key that is missing here was removed, or has only not arrived yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "ldap/guid.hpp"

namespace keysyncd::ldap {

/// By invocationId: changes that originated there up to and with this USN are known.
using ReplicationState = std::map<Guid, std::uint64_t>;

/// UPTODATE_VECTOR_V1_EXT and V2_EXT; std::nullopt for anything else.
[[nodiscard]] std::optional<ReplicationState> parse_up_to_date_vector(std::span<const std::byte> value);

/// Takes the higher number of each.
void merge(ReplicationState& into, const ReplicationState& from);

/// Whether `state` knows all that `wanted` does.
[[nodiscard]] bool covers(const ReplicationState& state, const ReplicationState& wanted);

}  // namespace keysyncd::ldap
