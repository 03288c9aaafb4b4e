// What the directory is asked about the accounts behind registrations, and what its answers do to the ledger: why a key
// is stuck, and where Graph is not used, who a registration's user is. The ledger's thread only. Each call is one
// transaction.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "daemon/record/registration_recorder.hpp"

namespace keysyncd::daemon {

class AccountRecorder {
  public:
    AccountRecorder(Ledger& ledger, const config::Settings& settings, RegistrationRecorder& registrations);

    /// Registrations that wait too long and whose account the directory should be asked about, per domain.
    struct StuckAccount {
        RegistrationId registration = 0;
        ldap::AccountQuery query;
    };
    [[nodiscard]] std::vector<StuckAccount> stuck_accounts(DomainId domain, Instant now);
    void record_account(RegistrationId registration, const std::optional<ldap::DirectoryUser>& account, Instant now);

    /// Where Graph is not used, the directory tells who a registration's user is, by its principal name.
    struct UnresolvedAccount {
        std::string entra_name;
        std::string user_principal_name;
        std::vector<RegistrationId> registrations;
    };
    /// Each name once, no more than one pass should look up, those that this domain was never asked about first. Where
    /// no domain had the user, registrations older than the look-back are given up as out of scope.
    [[nodiscard]] std::vector<UnresolvedAccount> unresolved_accounts(DomainId domain, Instant now);
    /// None: not in this domain, which is asked again a cycle later.
    void record_directory_account(const UnresolvedAccount& asked, DomainId domain,
                                  const std::optional<ldap::DirectoryUser>& account, Instant now);

  private:
    [[nodiscard]] bool is_nowhere(const RegistrationRow& row, Instant now) const;

    Ledger* ledger_;
    config::SyncSettings sync_;
    Ticks lookback_;
    RegistrationRecorder* registrations_;
    std::map<std::pair<DomainId, RegistrationId>, Instant> absent_;  ///< whose user a domain did not have, and when
};

}  // namespace keysyncd::daemon
