#include "daemon/record/registration_recorder.hpp"

#include <algorithm>
#include <set>
#include <span>

#include "daemon/ledger/meta_names.hpp"
#include "daemon/rules/registration_twin.hpp"
#include "entra/base64.hpp"
#include "entra/registration_survey.hpp"

namespace keysyncd::daemon {
namespace {

constexpr std::string_view unknown_user_prefix = "?";

// A user that registers again may have been moved or excluded from the sync in the meantime.
constexpr Ticks user_freshness = std::chrono::hours{1};

ToldRegistration told(const RegistrationRow& row) {
    return {entra::is_survey_event(row.event_id), row.registered_at, row.method_id};
}

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
            ledger_->meta.add(meta_name::malformed_file_records, static_cast<std::int64_t>(position.malformed));
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
    if (user.scope == Scope::watched && !is_told_twice(registration, user, now)) {
        matcher_.registration_resolved(std::move(registration), user, now);
        return;
    }
    // Kept, so that its event is known when it is repeated.
    registration.state = RegistrationState::out_of_scope;
    registration.entra_user_id = user.id;
    ledger_->registrations.update(registration, now);
}

/// By the audit log and by the registration report. Then the one that was there learns what the other knows.
bool RegistrationRecorder::is_told_twice(const RegistrationRow& registration, const EntraUserRow& user, Instant now) {
    std::vector<RegistrationRow> rows = ledger_->registrations.resolved_of(user.id, registration.kind);
    std::vector<ToldRegistration> known;
    std::ranges::transform(rows, std::back_inserter(known), told);
    const auto twin = find_twin(told(registration), known);
    if (!twin) {
        return false;
    }
    RegistrationRow& row = rows[*twin];
    row.registered_at =
        std::min(row.registered_at, registration.registered_at);  // the audit event comes after the fact
    if (row.method_id.empty()) {
        row.method_id = registration.method_id;
        row.asked_at = std::max(row.asked_at, registration.asked_at);
        row.known_at = std::max(row.known_at, registration.known_at);
    }
    ledger_->registrations.update(row, now);
    if (entra::is_survey_event(row.event_id)) {
        // It counts as the audit log's from now on: no other event of the log can be it.
        ledger_->registrations.swap_events(row, registration);
    }
    return true;
}

}  // namespace keysyncd::daemon
