// Where the two sides meet in the ledger: a key found in the directory looks for its registration, a registration for
// its key, and a deletion for whichever it ended. Decisions are correlation's; this reads and writes the rows.
// The ledger's thread only, inside the caller's transaction.
#pragma once

#include <optional>
#include <vector>

#include "daemon/ledger/ledger.hpp"
#include "daemon/rules/method_verdict.hpp"

namespace keysyncd::daemon {

class RegistrationMatcher {
  public:
    /// `patience`: how long an ambiguous deletion waits for the directory to explain it (sync.overdue_after).
    RegistrationMatcher(Ledger& ledger, Ticks patience) : ledger_(&ledger), patience_(patience) {}

    /// A key of this user appeared: ends the registration that announced it. std::nullopt: none is known (yet).
    [[nodiscard]] std::optional<RegistrationRow> key_arrived(const UserRow& user, KeyRow& key, Instant now);

    /// The new key is to be asked about in Entra, unless Entra has shown its registration.
    void question_arrival(const KeyRow& key, const std::optional<RegistrationRow>& registration, Instant now);

    /// A registration whose user is known and watched: joined to its key, or pending from now on.
    void registration_resolved(RegistrationRow registration, const EntraUserRow& entra_user, Instant now);

    /// Deleted in Entra before it arrived.
    void withdraw(RegistrationRow registration, Instant now);
    /// Looks at the open deletions of this user again.
    void settle_deletions(const EntraUserRow& entra_user, entra::KeyKind kind, Instant now);
    /// After a key left the directory.
    void key_removed(const UserRow& user, const KeyRow& key, Instant now);
    /// Those whose patience may have ended.
    void settle_all_deletions(Instant now);

    [[nodiscard]] std::optional<UserRow> directory_user(const EntraUserRow& entra_user);
    [[nodiscard]] std::optional<EntraUserRow> entra_user(const UserRow& user);

  private:
    [[nodiscard]] bool explains_withdrawn(const DeletionRow& deletion, const EntraUserRow& owner);

    Ledger* ledger_;
    Ticks patience_;
};

/// Keys in the directory were found in Entra that well; kept across restarts.
void raise_method_proof(Ledger& ledger, MethodProof proof);
[[nodiscard]] MethodProof method_proof(Ledger& ledger);

/// Which kind of registration announces keys of this usage; std::nullopt: none does.
[[nodiscard]] std::optional<entra::KeyKind> kind_of(ldap::KeyUsage usage) noexcept;
[[nodiscard]] metrics::Usage usage_of(entra::KeyKind kind) noexcept;
[[nodiscard]] metrics::State figure_state(KeyState state) noexcept;

}  // namespace keysyncd::daemon
