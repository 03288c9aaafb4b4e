// What the next pass must read, decided from how far the domain controller was read before (uSNChanged polling,
// "Polling for Changes Using USNChanged", and MS-ADTS 3.1.1.1.9). Pure, any thread.
// A uSNChanged belongs to one database, named by its invocationId: whatever is in doubt is a full sweep, never a gap.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "ldap/domain_reader.hpp"

namespace keysyncd::ldap {

/// The domain controller as it answered just now, before any search.
struct DatabaseState {
    std::string server;
    Guid invocation_id;
    std::uint64_t highest_committed_usn = 0;
};

struct PassPlan {
    PassKind kind = PassKind::full_sweep;
    std::string reason;           ///< of a full sweep; empty otherwise
    std::uint64_t first_usn = 0;  ///< a window reads uSNChanged >= first_usn
};

/// The uSNChanged up to which this very database was read; 0 where it was not, or was set back since.
[[nodiscard]] std::uint64_t read_up_to(std::span<const DirectoryCursor> cursors, const DatabaseState& now) noexcept;

[[nodiscard]] PassPlan plan_pass(std::span<const DirectoryCursor> cursors, const DatabaseState& now, bool sweep_due);

}  // namespace keysyncd::ldap
