// Takes what the audit sources and Graph say and brings the ledger to it: registrations, deletions, users, the tenant's
// last sync, and how far was read. Repeated, late and unordered events are normal: the event id tells them apart.
// The ledger's thread only. Each call is one transaction.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "daemon/ledger.hpp"
#include "daemon/registration_matcher.hpp"
#include "entra/audit_window.hpp"
#include "entra/entra_user.hpp"
#include "entra/registration_event.hpp"

namespace keysyncd::daemon {

/// How far a source was read, in a text that only it understands; stored together with what was read.
struct SourcePosition {
    std::string source;
    std::string text;
    std::uint64_t malformed = 0;  ///< records that could not be read since the position before
};

class RegistrationRecorder {
  public:
    RegistrationRecorder(Ledger& ledger, const config::Settings& settings);

    void record_events(std::span<const entra::RegistrationEvent> events, Instant now,
                       const SourcePosition& position = {});
    /// As last stored; empty at first.
    [[nodiscard]] std::string position(std::string_view source);

    /// Where Graph is not used, the directory tells who a registration's user is, by its principal name.
    struct UnresolvedAccount {
        RegistrationId registration = 0;
        std::string entra_name;
        std::string user_principal_name;
    };
    [[nodiscard]] std::vector<UnresolvedAccount> unresolved_accounts(DomainId domain, Instant now);
    /// None: not in this domain; it is asked again a cycle later.
    void record_directory_account(const UnresolvedAccount& asked, DomainId domain,
                                  const std::optional<ldap::DirectoryUser>& account, Instant now);

    /// Object ids, or user principal names where the event had no id, that Graph should be asked about.
    [[nodiscard]] std::vector<std::string> users_to_read(Instant now);
    /// `asked` is the string that users_to_read gave; std::nullopt: Entra does not know it (any more).
    void record_user(const std::string& asked, const std::optional<entra::EntraUser>& user, Instant now);
    void record_organization(const entra::OrganizationSync& organization);
    void record_sync_features(const entra::SyncFeatures& features);
    /// A record of Graph's audit log that could not be read. True the first time: each is counted once.
    [[nodiscard]] bool record_malformed(std::string_view detail);

    /// Where the audit log is to be read from, and what of it is gone for good.
    [[nodiscard]] entra::AuditWindow audit_window(Instant now);
    /// A gap that the audit log's retention has left: counted once.
    void record_gap(Ticks gap);
    /// The audit log was read up to and with `read_until`.
    void finish_poll(Instant read_until);

    /// Registrations that wait too long and whose account the directory should be asked about, per domain.
    struct StuckAccount {
        RegistrationId registration = 0;
        ldap::AccountQuery query;
    };
    [[nodiscard]] std::vector<StuckAccount> stuck_accounts(DomainId domain, Instant now);
    void record_account(RegistrationId registration, const std::optional<ldap::DirectoryUser>& account, Instant now);

    /// Settles deletions whose patience ended; once an hour forgets what ended before the ledger's retention.
    void tidy(Instant now);

  private:
    void forget_before(Instant limit);
    void set_flag(std::string_view name, std::optional<bool> value);
    void count(std::string_view name, std::uint64_t more);
    void resolve(RegistrationRow registration, const EntraUserRow& user, Instant now);
    [[nodiscard]] EntraUserRow place(const entra::EntraUser& user, Instant now) const;

    Ledger* ledger_;
    config::Settings settings_;
    RegistrationMatcher matcher_;
    std::optional<Instant> forgot_at_;
    std::map<std::pair<DomainId, RegistrationId>, Instant> not_found_;  ///< whom a domain did not have lately
};

/// onPremisesImmutableId: base64 of 16 bytes, objectGUID or mS-DS-ConsistencyGuid.
[[nodiscard]] std::optional<ldap::Guid> immutable_id(const std::string& base64);

}  // namespace keysyncd::daemon
