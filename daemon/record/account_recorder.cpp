#include "daemon/record/account_recorder.hpp"

namespace keysyncd::daemon {

AccountRecorder::AccountRecorder(Ledger& ledger, const config::SyncSettings& sync, RegistrationRecorder& registrations)
    : ledger_(&ledger), sync_(sync), registrations_(&registrations) {}

std::vector<AccountRecorder::StuckAccount> AccountRecorder::stuck_accounts(DomainId domain, Instant now) {
    std::vector<StuckAccount> stuck;
    for (const RegistrationRow& row : ledger_->registrations.in_state(RegistrationState::pending)) {
        const bool overdue = now - row.registered_at > Ticks{sync_.overdue_after};
        const bool asked_lately = row.looked_up_at && std::chrono::abs(now - *row.looked_up_at) < Ticks{sync_.cycle};
        if (row.domain_id != domain || !overdue || asked_lately) {
            continue;
        }
        const auto user = ledger_->entra_users.find(row.entra_user_id);
        ldap::AccountQuery query;
        const ldap::Sid& domain_sid = ledger_->domain(domain).sid;
        if (row.rid && !domain_sid.empty()) {
            query.sid = ldap::Sid::parse(domain_sid.to_string() + "-" + std::to_string(*row.rid)).value_or(ldap::Sid{});
        }
        query.immutable_id = user ? user->immutable_id : std::nullopt;
        if (query.names_nobody()) {
            continue;  // looked for by nothing, it would be told as absent
        }
        stuck.push_back({row.id, query});
    }
    return stuck;
}

void AccountRecorder::record_account(RegistrationId id, const std::optional<ldap::DirectoryUser>& account,
                                     Instant now) {
    ledger_->in_transaction([&] {
        auto registration = ledger_->registrations.find(id);
        if (!registration || registration->state != RegistrationState::pending) {
            return;
        }
        registration->account = !account                     ? AccountFinding::absent
                                : account->disabled          ? AccountFinding::disabled
                                : account->protected_account ? AccountFinding::protected_account
                                                             : AccountFinding::normal;
        registration->looked_up_at = now;
        ledger_->registrations.update(*registration, now);
    });
}

std::vector<AccountRecorder::UnresolvedAccount> AccountRecorder::unresolved_accounts(DomainId domain, Instant now) {
    std::erase_if(not_found_,
                  [&](const auto& asked) { return std::chrono::abs(now - asked.second) >= Ticks{sync_.cycle}; });
    std::vector<UnresolvedAccount> accounts;
    for (const RegistrationRow& row : ledger_->registrations.in_state(RegistrationState::unresolved)) {
        if (!row.upn.empty() && !not_found_.contains({domain, row.id})) {
            accounts.push_back({row.id, row.entra_user_id.empty() ? row.upn : row.entra_user_id, row.upn});
        }
    }
    return accounts;
}

void AccountRecorder::record_directory_account(const UnresolvedAccount& asked, DomainId domain,
                                               const std::optional<ldap::DirectoryUser>& account, Instant now) {
    if (account) {
        entra::EntraUser user;
        user.id = asked.entra_name;
        user.user_principal_name = asked.user_principal_name;
        user.on_premises_sync_enabled = true;  // an event of a user that the directory knows by the same name
        user.on_premises_security_identifier = account->object_sid.to_string();
        user.on_premises_domain_name = ledger_->domain(domain).name;
        registrations_->record_user(asked.entra_name, user, now);
        return;
    }
    not_found_[{domain, asked.registration}] = now;
}

}  // namespace keysyncd::daemon
