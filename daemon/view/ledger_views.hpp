// How the ledger's rows look to people: a key, a registration, a user's names, with what the row itself does not hold
// (state now, cause, missed cycles, next write) worked out from its domain. Pure but for reading the domains once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/settings.hpp"
#include "daemon/ledger/sqlite.hpp"
#include "daemon/rules/sync_stall.hpp"
#include "daemon/view/key_view.hpp"

namespace keysyncd::daemon {

class LedgerViews {
  public:
    struct DomainFacts {
        std::string name;
        std::string sid;
        SyncEvidence evidence;
        std::optional<ObservedCycle> cycle;
        std::vector<WriteBurst> bursts;
    };

    /// Columns of a key and its user, from `keys k` and `users u`; for key_view.
    static constexpr std::string_view key_select =
        "SELECT u.domain_id, u.dn, u.upn, u.sam, u.guid, u.rid, "
        "k.key_id, k.usage, k.source, k.device_id, k.state, k.created_at, "
        "coalesce(k.written_earliest, k.written_latest), k.written_latest, "
        "k.delay, k.precision, k.removed_at, k.findings, k.user_id, m.method_id, m.strength, m.known_at FROM keys k "
        "JOIN users u ON u.id = k.user_id LEFT JOIN registrations m ON m.id = k.registration_id ";
    /// Columns of a registration, from `registrations r`; for registration_view.
    static constexpr std::string_view registration_select =
        "SELECT r.id, r.domain_id, r.rid, r.entra_user_id, r.upn, r.kind, r.registered_at, r.state, r.account, "
        "coalesce(e.provisioning_errors, 0), r.method_id, r.strength, r.known_at FROM registrations r LEFT JOIN "
        "entra_users e ON e.id = r.entra_user_id ";

    /// Reads the domains as they are now.
    LedgerViews(Database& database, const config::SyncSettings& sync, Instant now);

    [[nodiscard]] const std::map<DomainId, DomainFacts>& domains() const noexcept { return domains_; }
    /// std::nullopt: no such domain.
    [[nodiscard]] std::optional<DomainId> domain_named(std::string_view name) const;
    /// From six columns beginning with `first`, in the order of key_select.
    [[nodiscard]] UserName user_name(const Statement& row, int first) const;
    [[nodiscard]] KeyView key_view(const Statement& row) const;
    [[nodiscard]] KeyView registration_view(const Statement& row) const;
    /// When a key that waits in this domain may be expected.
    [[nodiscard]] NextWrite next_write(DomainId domain) const;

  private:
    config::SyncSettings sync_;
    Instant now_;
    std::optional<Instant> last_sync_;  ///< of the tenant
    std::map<DomainId, DomainFacts> domains_;
};

}  // namespace keysyncd::daemon
