#include "daemon/registration_recorder.hpp"

#include <algorithm>
#include <set>
#include <span>

#include "daemon/column.hpp"
#include "daemon/finding_recorder.hpp"
#include "daemon/meta_names.hpp"
#include "entra/base64.hpp"
#include "ldap/value_hash.hpp"

namespace keysyncd::daemon {
namespace {

constexpr std::string_view unknown_user_prefix = "?";

// A user that registers again may have been moved or excluded from the sync in the meantime.
constexpr Ticks user_freshness = std::chrono::hours{1};

// Every row is looked at for its age: not with each poll.
constexpr Ticks between_forgetting = std::chrono::hours{1};

}  // namespace

std::optional<ldap::Guid> immutable_id(const std::string& base64) {
    const auto bytes = entra::decode_base64(base64);
    return bytes ? ldap::Guid::from_bytes(*bytes) : std::nullopt;
}

RegistrationRecorder::RegistrationRecorder(Ledger& ledger, const config::Settings& settings)
    : ledger_(&ledger), settings_(settings), matcher_(ledger, settings.sync.overdue_after) {}

void RegistrationRecorder::record_events(std::span<const entra::RegistrationEvent> events, Instant now,
                                         const SourcePosition& position) {
    ledger_->in_transaction([&] {
        if (!position.source.empty()) {
            ledger_->texts.set(position.source, position.text);
            count(meta_name::malformed_file_records, position.malformed);
        }
        for (const entra::RegistrationEvent& event : events) {
            std::optional<EntraUserRow> owner = event.user_id.empty()
                                                    ? ledger_->entra_users.find_by_upn(event.user_principal_name)
                                                    : ledger_->entra_users.find(event.user_id);
            const std::string owner_id = owner && owner->scope != Scope::unknown_user ? owner->id : event.user_id;
            const bool fresh = owner && std::chrono::abs(now - owner->fetched_at) < user_freshness;
            if (event.kind == entra::EventKind::deleted) {
                const DeletionRow deletion{event.event_id, owner_id, event.user_principal_name, event.key_kind,
                                           event.at};
                if (ledger_->deletions.insert(deletion) && owner && owner->scope == Scope::watched) {
                    matcher_.settle_deletions(*owner, event.key_kind, now);
                }
                continue;
            }
            RegistrationRow registration;
            registration.event_id = event.event_id;
            registration.entra_user_id = owner_id;
            registration.upn = event.user_principal_name;
            registration.kind = event.key_kind;
            registration.registered_at = event.at;
            if (!event.method_id.empty()) {
                registration.method_id = event.method_id;
                registration.asked_at = now;
                registration.known_at = now;
            }
            const auto id = ledger_->registrations.insert(registration, now);
            if (id && fresh) {
                registration.id = *id;
                resolve(registration, *owner, now);
            }
        }
    });
}

std::vector<std::string> RegistrationRecorder::users_to_read(Instant now) {
    std::set<std::string> wanted;
    for (const RegistrationRow& row : ledger_->registrations.in_state(RegistrationState::unresolved)) {
        wanted.insert(row.entra_user_id.empty() ? row.upn : row.entra_user_id);
    }
    for (const DeletionRow& row : ledger_->deletions.open()) {
        const bool known = row.entra_user_id.empty() ? ledger_->entra_users.find_by_upn(row.upn).has_value()
                                                     : ledger_->entra_users.find(row.entra_user_id).has_value();
        if (!known) {
            wanted.insert(row.entra_user_id.empty() ? row.upn : row.entra_user_id);
        }
    }
    // The cause of a stuck key may lie in Entra: its user is read again once a cycle.
    for (const RegistrationRow& row : ledger_->registrations.in_state(RegistrationState::pending)) {
        if (now - row.registered_at > Ticks{settings_.sync.overdue_after}) {
            const auto user = ledger_->entra_users.find(row.entra_user_id);
            if (!user || std::chrono::abs(now - user->fetched_at) > Ticks{settings_.sync.cycle}) {
                wanted.insert(row.entra_user_id);
            }
        }
    }
    wanted.erase("");
    return {wanted.begin(), wanted.end()};
}

std::string RegistrationRecorder::position(std::string_view source) {
    return ledger_->texts.get(source).value_or("");
}

std::vector<RegistrationRecorder::UnresolvedAccount> RegistrationRecorder::unresolved_accounts(DomainId domain,
                                                                                               Instant now) {
    std::erase_if(not_found_, [&](const auto& asked) {
        return std::chrono::abs(now - asked.second) >= Ticks{settings_.sync.cycle};
    });
    std::vector<UnresolvedAccount> accounts;
    for (const RegistrationRow& row : ledger_->registrations.in_state(RegistrationState::unresolved)) {
        if (!row.upn.empty() && !not_found_.contains({domain, row.id})) {
            accounts.push_back({row.id, row.entra_user_id.empty() ? row.upn : row.entra_user_id, row.upn});
        }
    }
    return accounts;
}

void RegistrationRecorder::record_directory_account(const UnresolvedAccount& asked, DomainId domain,
                                                    const std::optional<ldap::DirectoryUser>& account, Instant now) {
    if (account) {
        entra::EntraUser user;
        user.id = asked.entra_name;
        user.user_principal_name = asked.user_principal_name;
        user.on_premises_sync_enabled = true;  // an event of a user that the directory knows by the same name
        user.on_premises_security_identifier = account->object_sid.to_string();
        user.on_premises_domain_name = ledger_->domain(domain).name;
        record_user(asked.entra_name, user, now);
        return;
    }
    not_found_[{domain, asked.registration}] = now;
}

EntraUserRow RegistrationRecorder::place(const entra::EntraUser& user, Instant now) const {
    EntraUserRow row;
    row.id = user.id;
    row.upn = user.user_principal_name;
    row.immutable_id = immutable_id(user.on_premises_immutable_id);
    row.provisioning_errors = user.has_provisioning_errors;
    row.fetched_at = now;
    if (!user.on_premises_sync_enabled.value_or(false)) {
        row.scope = Scope::cloud_only;
        return row;
    }
    const auto sid = ldap::Sid::parse(user.on_premises_security_identifier);
    std::string domain_name = user.on_premises_domain_name;
    std::ranges::transform(domain_name, domain_name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    row.scope = Scope::other_domain;
    for (const auto& [id, domain] : ledger_->domains()) {
        const bool by_sid = sid && !domain.sid.empty() && sid->domain() == domain.sid;
        const bool by_name = (!sid || domain.sid.empty()) && domain.name == domain_name;
        if (by_sid || by_name) {
            row.scope = Scope::watched;
            row.domain_id = id;
            row.rid = sid ? std::optional{sid->rid()} : std::nullopt;
            break;
        }
    }
    return row;
}

void RegistrationRecorder::record_user(const std::string& asked, const std::optional<entra::EntraUser>& user,
                                       Instant now) {
    ledger_->in_transaction([&] {
        EntraUserRow row;
        if (user) {
            row = place(*user, now);
        } else if (const auto known = ledger_->entra_users.find(asked)) {
            // Deleted in Entra: what it waited for will not come.
            row = *known;
            row.scope = Scope::unknown_user;
            row.fetched_at = now;
        } else {
            const bool is_id = asked.find('@') == std::string::npos;
            row.id = is_id ? asked : std::string{unknown_user_prefix} + asked;
            row.upn = is_id ? "" : asked;
            row.scope = Scope::unknown_user;
            row.fetched_at = now;
        }
        ledger_->entra_users.save(row);

        for (const DeletionRow& deletion : ledger_->deletions.open()) {
            if (deletion.entra_user_id.empty() && deletion.upn == asked && user) {
                ledger_->deletions.set_user(deletion.event_id, row.id);
            }
        }
        for (const RegistrationRow& registration : ledger_->registrations.in_state(RegistrationState::unresolved)) {
            const bool his =
                registration.entra_user_id.empty() ? registration.upn == asked : registration.entra_user_id == asked;
            if (his) {
                resolve(registration, row, now);
            }
        }
        if (row.scope == Scope::watched) {
            matcher_.settle_deletions(row, entra::KeyKind::ngc, now);
            matcher_.settle_deletions(row, entra::KeyKind::fido, now);
        } else {
            for (const entra::KeyKind kind : {entra::KeyKind::ngc, entra::KeyKind::fido}) {
                for (const RegistrationRow& waiting : ledger_->registrations.pending_of(row.id, kind)) {
                    matcher_.withdraw(waiting, now);
                }
            }
        }
    });
}

void RegistrationRecorder::resolve(RegistrationRow registration, const EntraUserRow& user, Instant now) {
    if (user.scope == Scope::watched) {
        matcher_.registration_resolved(std::move(registration), user, now);
        return;
    }
    registration.state = RegistrationState::out_of_scope;
    registration.entra_user_id = user.id;
    ledger_->registrations.update(registration, now);
}

void RegistrationRecorder::record_organization(const entra::OrganizationSync& organization) {
    ledger_->in_transaction([&] {
        if (organization.last_sync) {
            ledger_->meta.set(meta_name::entra_last_sync, to_column(*organization.last_sync));
        }
        if (organization.last_password_sync) {
            ledger_->meta.set(meta_name::entra_last_password_sync, to_column(*organization.last_password_sync));
        }
        set_flag(meta_name::entra_sync_enabled, organization.sync_enabled);
    });
}

void RegistrationRecorder::record_sync_features(const entra::SyncFeatures& features) {
    ledger_->in_transaction([&] {
        set_flag(meta_name::entra_password_sync, features.password_sync);
        set_flag(meta_name::entra_device_writeback, features.device_writeback);
        set_flag(meta_name::entra_user_writeback, features.user_writeback);
    });
}

bool RegistrationRecorder::record_malformed(std::string_view detail) {
    bool first = false;
    ledger_->in_transaction([&] {
        // Of no domain and no user; the detail names the event.
        first = ledger_->malformed.remember(0, {}, ldap::value_hash(std::as_bytes(std::span{detail})));
        count(meta_name::malformed_graph_records, first ? 1 : 0);
    });
    return first;
}

void RegistrationRecorder::set_flag(std::string_view name, std::optional<bool> value) {
    if (value) {
        ledger_->meta.set(name, *value ? 1 : 0);
    }
}

void RegistrationRecorder::count(std::string_view name, std::uint64_t more) {
    if (more > 0) {
        ledger_->meta.set(name, ledger_->meta.get(name).value_or(0) + static_cast<std::int64_t>(more));
    }
}

entra::AuditWindow RegistrationRecorder::audit_window(Instant now) {
    const auto watermark = ledger_->meta.get(meta_name::audit_read_until);
    const std::optional<Instant> read_to = watermark ? std::optional{Instant{Ticks{*watermark}}} : std::nullopt;
    return entra::plan_audit_window(read_to, now, Ticks{settings_.entra->overlap}, Ticks{settings_.entra->lookback});
}

void RegistrationRecorder::record_gap(Ticks gap) {
    ledger_->in_transaction([&] {
        ledger_->meta.set(meta_name::registration_gap,
                          ledger_->meta.get(meta_name::registration_gap).value_or(0) + gap.count());
    });
}

void RegistrationRecorder::finish_poll(Instant read_until) {
    ledger_->in_transaction(
        [&] { ledger_->meta.set(meta_name::audit_read_until, read_until.time_since_epoch().count()); });
}

std::vector<RegistrationRecorder::StuckAccount> RegistrationRecorder::stuck_accounts(DomainId domain, Instant now) {
    std::vector<StuckAccount> stuck;
    for (const RegistrationRow& row : ledger_->registrations.in_state(RegistrationState::pending)) {
        const bool overdue = now - row.registered_at > Ticks{settings_.sync.overdue_after};
        const bool asked_lately =
            row.looked_up_at && std::chrono::abs(now - *row.looked_up_at) < Ticks{settings_.sync.cycle};
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
        stuck.push_back({row.id, query});
    }
    return stuck;
}

void RegistrationRecorder::record_account(RegistrationId id, const std::optional<ldap::DirectoryUser>& account,
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

void RegistrationRecorder::tidy(Instant now) {
    ledger_->in_transaction([&] {
        matcher_.settle_all_deletions(now);
        if (!forgot_at_ || std::chrono::abs(now - *forgot_at_) >= between_forgetting) {
            forgot_at_ = now;
            forget_before(now - Ticks{settings_.ledger.retention});
        }
    });
}

void RegistrationRecorder::forget_before(Instant limit) {
    const auto lower = [&](DomainId domain, metrics::Usage usage, metrics::State state) {
        if (!ledger_->domains().contains(domain)) {
            return;  // no longer in the configuration
        }
        --ledger_->figures.of(domain).usage[static_cast<std::size_t>(usage)].keys[static_cast<std::size_t>(state)];
    };
    ledger_->registrations.forget_ended_before(limit, [&](const RegistrationRow& row) {
        if (row.domain_id) {
            lower(*row.domain_id, usage_of(row.kind), metrics::State::withdrawn);
        }
    });
    ledger_->keys.forget_removed_before(limit, [&](DomainId domain, const KeyRow& key) {
        lower(domain, usage_of(key.usage), metrics::State::removed);
        count_findings(*ledger_, domain, key.findings, 0);
    });
    ledger_->deletions.forget_before(limit);
    ledger_->key_questions.forget_before(limit);
    ledger_->bursts.forget_before(limit);
}

}  // namespace keysyncd::daemon
