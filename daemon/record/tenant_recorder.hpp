// What Graph says of the tenant as a whole, and how far its audit log was read: the last sync, the features of
// directory synchronization, gaps, records that could not be read. The ledger's thread only. Each call is one
// transaction.
#pragma once

#include <optional>
#include <string_view>

#include "config/settings.hpp"
#include "daemon/ledger/ledger.hpp"
#include "entra/audit_window.hpp"
#include "entra/organization.hpp"

namespace keysyncd::daemon {

class TenantRecorder {
  public:
    TenantRecorder(Ledger& ledger, const std::optional<config::EntraSettings>& entra);

    void record_organization(const entra::OrganizationSync& organization, Instant read_at);
    void record_sync_features(const entra::SyncFeatures& features);
    /// A record of Graph's audit log that could not be read. True the first time: each is counted once.
    [[nodiscard]] bool record_malformed(std::string_view detail);

    /// Where the audit log is to be read from, and what of it is gone for good.
    [[nodiscard]] entra::AuditWindow audit_window(Instant now);
    /// The audit log was read up to and with `read_until`; its retention has left the gap, which is counted together
    /// with that, and so once.
    void record_audit_read(Instant read_until, Ticks gap = {});
    /// Which events of exported logs count: not those that were older than the look-back when the first file was read,
    /// whose keys may have gone since without a word. `read_before`: files were read when this was not kept yet.
    [[nodiscard]] Instant audit_files_from(Instant now, bool read_before);

  private:
    void set_flag(std::string_view name, std::optional<bool> value);

    Ledger* ledger_;
    Ticks overlap_, lookback_;
};

}  // namespace keysyncd::daemon
