#include "daemon/rules/sync_stall.hpp"

namespace keysyncd::daemon {

bool tenant_stalled(Instant now, const SyncEvidence& evidence, std::chrono::seconds cycle) noexcept {
    const Heartbeat& heartbeat = evidence.heartbeat;
    if (!heartbeat.read_at || *heartbeat.read_at < now - Ticks{cycle}) {
        return false;
    }
    const Instant limit = now - 2 * Ticks{cycle};
    const auto before_limit = [limit](const std::optional<Instant>& at) { return at && *at < limit; };
    if (before_limit(heartbeat.last_sync)) {
        return true;
    }
    const bool keys_are_written = evidence.last_write && *evidence.last_write >= limit;
    return heartbeat.password_sync_on.value_or(false) && before_limit(heartbeat.last_password_sync) &&
           (!heartbeat.last_sync || !keys_are_written);
}

bool sync_stalled(Instant now, Instant registered_at, const SyncEvidence& evidence,
                  std::chrono::seconds cycle) noexcept {
    const bool nothing_written_since =
        !evidence.last_write || (*evidence.last_write < now - 2 * Ticks{cycle} && *evidence.last_write < registered_at);
    return nothing_written_since || tenant_stalled(now, evidence, cycle);
}

}  // namespace keysyncd::daemon
