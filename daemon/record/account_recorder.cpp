#include "daemon/record/account_recorder.hpp"

#include <algorithm>
#include <set>

namespace keysyncd::daemon {
namespace {

// Each costs a search: those beyond have their turn in the next pass.
constexpr std::size_t look_ups_a_pass = 200;

const std::string& entra_name(const RegistrationRow& row) {
    return row.entra_user_id.empty() ? row.upn : row.entra_user_id;
}

}  // namespace

AccountRecorder::AccountRecorder(Ledger& ledger, const config::Settings& settings, RegistrationRecorder& registrations)
    : ledger_(&ledger),
      sync_(settings.sync),
      lookback_(settings.entra.value_or(config::EntraSettings{}).lookback),
      registrations_(&registrations) {}

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
    struct Due {
        std::optional<Instant> asked;
        std::vector<RegistrationId> registrations;
    };
    std::map<std::pair<std::string, std::string>, Due> due;  // by Entra's name and the directory's
    std::set<RegistrationId> unresolved;
    ledger_->in_transaction([&] {
        for (RegistrationRow& row : ledger_->registrations.in_state(RegistrationState::unresolved)) {
            if (is_nowhere(row, now)) {
                row.state = RegistrationState::out_of_scope;
                ledger_->registrations.update(row, now);
                continue;
            }
            unresolved.insert(row.id);
            const auto absent = absent_.find({domain, row.id});
            const auto asked = absent == absent_.end() ? std::nullopt : std::optional{absent->second};
            if (!row.upn.empty() && (!asked || std::chrono::abs(now - *asked) >= Ticks{sync_.cycle})) {
                Due& one = due.try_emplace({entra_name(row), row.upn}, Due{asked, {}}).first->second;
                one.asked = std::min(one.asked, asked);
                one.registrations.push_back(row.id);
            }
        }
    });
    std::erase_if(absent_, [&](const auto& absent) { return !unresolved.contains(absent.first.second); });
    std::multimap<std::optional<Instant>, UnresolvedAccount> in_turn;
    for (auto& [names, one] : due) {
        in_turn.emplace(one.asked, UnresolvedAccount{names.first, names.second, std::move(one.registrations)});
    }
    std::vector<UnresolvedAccount> accounts;
    for (auto& [asked, account] : in_turn) {
        if (accounts.size() == look_ups_a_pass) {
            break;
        }
        accounts.push_back(std::move(account));
    }
    return accounts;
}

/// Of a cloud-only user, or of a domain that is not watched: it would be looked for with every cycle, for ever.
bool AccountRecorder::is_nowhere(const RegistrationRow& row, Instant now) const {
    return row.registered_at < now - lookback_ &&
           (row.upn.empty() ||
            std::ranges::all_of(
                ledger_->domains(), [&](const auto& domain) { return absent_.contains({domain.first, row.id}); }));
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
    for (const RegistrationId registration : asked.registrations) {
        absent_[{domain, registration}] = now;
    }
}

}  // namespace keysyncd::daemon
