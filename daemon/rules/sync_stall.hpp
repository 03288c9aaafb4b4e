// Whether Entra Connect stands still, as far as it can be seen: from the writes of keys in the directory, and from the
// heartbeat that Entra ID keeps of the tenant. Pure: `now` and everything known are arguments.
#pragma once

#include <chrono>
#include <optional>

#include "ldap/time.hpp"

namespace keysyncd::daemon {

using ldap::Instant;
using ldap::Ticks;

/// What Entra ID tells of the tenant's synchronisation, and when it told it. None: it does not tell, or was not asked.
struct Heartbeat {
    std::optional<Instant> last_sync;
    std::optional<Instant> last_password_sync;
    std::optional<bool> password_sync_on;
    std::optional<Instant> read_at;
    auto operator<=>(const Heartbeat&) const = default;
};

struct SyncEvidence {
    std::optional<Instant> last_write;  ///< of a key from Entra, anyone's, in the domain
    Heartbeat heartbeat;
};

/// The tenant's last sync is older than two cycles. A heartbeat that was not read within the last cycle says nothing:
/// it grows old because nobody looks. The password sync has a scheduler of its own: its time stands for a last sync
/// that is not told, and beside one that is told it proves a stop only where no key was written in the meantime; that
/// it is fresh never excuses an old last sync.
[[nodiscard]] bool tenant_stalled(Instant now, const SyncEvidence& evidence, std::chrono::seconds cycle) noexcept;

/// Why a key that waits since `registered_at` is not written: tenant_stalled, or no key of anyone was written for more
/// than two cycles. The latter only for keys registered after the newest write: one that was left out while others were
/// written waits for another reason, and no quiet night afterwards changes that.
[[nodiscard]] bool sync_stalled(Instant now, Instant registered_at, const SyncEvidence& evidence,
                                std::chrono::seconds cycle) noexcept;

}  // namespace keysyncd::daemon
