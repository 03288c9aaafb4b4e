#include "daemon/record/registration_matcher.hpp"

#include <algorithm>
#include <array>

#include "daemon/ledger/meta_names.hpp"
#include "entra/method_match.hpp"
#include "entra/registration_survey.hpp"

namespace keysyncd::daemon {
namespace {

std::uint64_t& keys_in(metrics::DomainFigures& figures, metrics::Usage usage, metrics::State state) {
    return figures.usage[static_cast<std::size_t>(usage)].keys[static_cast<std::size_t>(state)];
}

/// The registration that announced this key: by the id that Entra gave its method, else by the time.
std::optional<std::size_t> announced_by(const KeyRow& key, std::span<const RegistrationRow> candidates) {
    std::vector<Instant> times;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const auto reading = entra::read_key_id(candidates[i].method_id, key.key_id);
        if (reading == entra::KeyIdReading::this_key) {
            return i;
        }
        // Entra has shown that it is another key, however near the time.
        const bool another = reading == entra::KeyIdReading::another_key;
        times.push_back(another ? *key.created_at - 2 * match_tolerance : candidates[i].registered_at);
    }
    return nearest(*key.created_at, times);
}

/// The registration report names the method that is gone, the audit log names none.
bool means_another(const DeletionRow& deletion, const RegistrationRow& registration) {
    const std::string_view method = entra::deleted_method(deletion.event_id);
    return !method.empty() && !registration.method_id.empty() && registration.method_id != method;
}

}  // namespace

std::optional<entra::KeyKind> kind_of(ldap::KeyUsage usage) noexcept {
    switch (usage) {
        case ldap::KeyUsage::ngc:
            return entra::KeyKind::ngc;
        case ldap::KeyUsage::fido:
            return entra::KeyKind::fido;
        default:
            return std::nullopt;
    }
}

metrics::Usage usage_of(entra::KeyKind kind) noexcept {
    return kind == entra::KeyKind::ngc ? metrics::Usage::ngc : metrics::Usage::fido;
}

metrics::State figure_state(KeyState state) noexcept {
    constexpr std::array states{metrics::State::synced, metrics::State::unmatched, metrics::State::local,
                                metrics::State::removed};
    return states[static_cast<std::size_t>(state)];
}

void raise_method_proof(Ledger& ledger, MethodProof proof) {
    if (proof > method_proof(ledger)) {
        ledger.meta.set(meta_name::method_proof, static_cast<std::int64_t>(proof));
    }
}

MethodProof method_proof(Ledger& ledger) {
    return static_cast<MethodProof>(ledger.meta.get(meta_name::method_proof).value_or(0));
}

std::optional<UserRow> RegistrationMatcher::directory_user(const EntraUserRow& entra_user) {
    std::optional<UserRow> user;
    if (entra_user.domain_id && entra_user.rid) {
        user = ledger_->users.find_by_rid(*entra_user.domain_id, *entra_user.rid);
    }
    if (!user && entra_user.immutable_id) {
        user = ledger_->users.find_by_immutable_id(*entra_user.immutable_id);
    }
    return user;
}

std::optional<EntraUserRow> RegistrationMatcher::entra_user(const UserRow& user) {
    std::optional<EntraUserRow> found;
    if (user.rid != 0) {
        found = ledger_->entra_users.find_by_rid(user.domain_id, user.rid);
    }
    if (!found && user.consistency_guid) {
        found = ledger_->entra_users.find_by_immutable_id(*user.consistency_guid);
    }
    if (!found) {
        found = ledger_->entra_users.find_by_immutable_id(user.guid);
    }
    return found;
}

std::optional<RegistrationRow> RegistrationMatcher::key_arrived(const UserRow& user, KeyRow& key, Instant now) {
    const auto kind = kind_of(key.usage);
    if (!kind || !key.created_at) {
        return std::nullopt;
    }
    const auto owner = entra_user(user);
    if (!owner) {
        return std::nullopt;
    }
    const std::vector<RegistrationRow> candidates = ledger_->registrations.matchable_of(owner->id, *kind);
    const auto match = announced_by(key, candidates);
    if (!match) {
        return std::nullopt;
    }
    RegistrationRow registration = candidates[*match];
    const bool was_withdrawn = registration.state == RegistrationState::withdrawn;
    registration.state = RegistrationState::arrived;
    ledger_->registrations.update(registration, now);
    key.registration_id = registration.id;
    if (was_withdrawn) {
        // The deletion named no key and was taken for this one's: it must have meant another.
        --keys_in(ledger_->figures.of(*registration.domain_id), usage_of(*kind), metrics::State::withdrawn);
        ledger_->deletions.reopen(registration.id);
        settle_deletions(*owner, *kind, now);
    }
    return registration;
}

void RegistrationMatcher::registration_resolved(RegistrationRow registration, const EntraUserRow& owner, Instant now) {
    registration.entra_user_id = owner.id;
    registration.upn = owner.upn;
    registration.domain_id = owner.domain_id;
    registration.rid = owner.rid;
    if (const auto user = directory_user(owner)) {
        std::vector<KeyRow> unannounced;
        std::vector<Instant> times;
        for (KeyRow& key : ledger_->keys.of_user(user->id)) {
            if (key.source == ldap::KeySource::azure_ad && kind_of(key.usage) == registration.kind && key.created_at &&
                !key.registration_id) {
                times.push_back(*key.created_at);
                unannounced.push_back(std::move(key));
            }
        }
        if (const auto match = nearest(registration.registered_at, times)) {
            unannounced[*match].registration_id = registration.id;
            ledger_->keys.save(unannounced[*match]);
            if (unannounced[*match].state == KeyState::unmatched) {
                ledger_->key_questions.hasten(user->id, unannounced[*match].key_id, now);  // Entra may know it by now
            }
            registration.state = RegistrationState::arrived;
            ledger_->registrations.update(registration, now);
            return;
        }
    }
    registration.state = RegistrationState::pending;
    ledger_->registrations.update(registration, now);
    auto& figures = ledger_->figures.of(*registration.domain_id);
    ++figures.usage[static_cast<std::size_t>(usage_of(registration.kind))].registrations;
    settle_deletions(owner, registration.kind, now);
}

void RegistrationMatcher::question_arrival(const KeyRow& key, const std::optional<RegistrationRow>& registration,
                                           Instant now) {
    if (registration && confirms(registration->method_id, registration->registered_at, key.key_id, key.created_at)) {
        const bool by_id = entra::read_key_id(registration->method_id, key.key_id) == entra::KeyIdReading::this_key;
        raise_method_proof(*ledger_, by_id ? MethodProof::by_key_id : MethodProof::by_time);
    } else if (kind_of(key.usage)) {
        ledger_->key_questions.save({key.user_id, key.key_id, now, true, std::nullopt});
    }
}

bool RegistrationMatcher::explains_withdrawn(const DeletionRow& deletion, const EntraUserRow& owner) {
    const std::vector<RegistrationRow> withdrawn =
        ledger_->registrations.withdrawn_unexplained(owner.id, deletion.kind);
    const auto meant = std::ranges::find_if(withdrawn, [&](const RegistrationRow& row) {
        return row.registered_at <= deletion.deleted_at && !means_another(deletion, row);
    });
    if (meant == withdrawn.end()) {
        return false;
    }
    ledger_->deletions.close(deletion.event_id, meant->id);
    return true;
}

void RegistrationMatcher::settle_deletions(const EntraUserRow& owner, entra::KeyKind kind, Instant now) {
    for (const DeletionRow& deletion : ledger_->deletions.open_of(owner.id, kind)) {
        if (explains_withdrawn(deletion, owner)) {
            continue;
        }
        std::vector<RegistrationRow> waiting = ledger_->registrations.pending_of(owner.id, kind);
        // Entra still showed it when the deletion had settled: it was not meant.
        std::erase_if(waiting, [&](const RegistrationRow& row) {
            return means_another(deletion, row) ||
                   (row.known_at && *row.known_at >= deletion.deleted_at + entra_settling);
        });
        std::vector<Instant> pending;
        std::ranges::transform(waiting, std::back_inserter(pending), &RegistrationRow::registered_at);

        std::vector<Instant> live;
        std::vector<Instant> removed;
        std::vector<KeyRow> removed_keys;
        if (const auto user = directory_user(owner)) {
            for (KeyRow& key : ledger_->keys.of_user(user->id)) {
                if (key.source != ldap::KeySource::azure_ad || kind_of(key.usage) != kind) {
                    continue;
                }
                if (key.state != KeyState::removed) {
                    live.push_back(key.created_at.value_or(Instant::min()));
                } else if (!key.deletion_known && key.removed_at) {
                    removed.push_back(*key.removed_at);
                    removed_keys.push_back(std::move(key));
                }
            }
        }

        const DeletionDecision decision =
            decide_deletion({deletion.deleted_at, pending, live, removed}, now, patience_);
        switch (decision.outcome) {
            case DeletionOutcome::open:
                break;
            case DeletionOutcome::explains_removal:
                removed_keys[decision.index].deletion_known = true;
                ledger_->keys.save(removed_keys[decision.index]);
                ledger_->deletions.close(deletion.event_id, std::nullopt);
                break;
            case DeletionOutcome::withdraws:
                withdraw(waiting[decision.index], now);
                ledger_->deletions.close(deletion.event_id, waiting[decision.index].id);
                break;
        }
    }
}

void RegistrationMatcher::withdraw(RegistrationRow registration, Instant now) {
    registration.state = RegistrationState::withdrawn;
    ledger_->registrations.update(registration, now);
    ++keys_in(ledger_->figures.of(*registration.domain_id), usage_of(registration.kind), metrics::State::withdrawn);
}

void RegistrationMatcher::key_removed(const UserRow& user, const KeyRow& key, Instant now) {
    const auto kind = kind_of(key.usage);
    if (!kind) {
        return;
    }
    ledger_->key_questions.erase(user.id, key.key_id);
    if (const auto owner = entra_user(user)) {
        settle_deletions(*owner, *kind, now);
    }
}

void RegistrationMatcher::settle_all_deletions(Instant now) {
    for (const DeletionRow& deletion : ledger_->deletions.open()) {
        if (const auto owner = ledger_->entra_users.find(deletion.entra_user_id);
            owner && !deletion.entra_user_id.empty()) {
            settle_deletions(*owner, deletion.kind, now);
        }
    }
}

}  // namespace keysyncd::daemon
