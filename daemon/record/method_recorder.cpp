#include "daemon/record/method_recorder.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace keysyncd::daemon {
namespace {

// Where Entra can't tell for so long, it is not asked any more.
constexpr Ticks longest_undecided = std::chrono::days{30};

// Keys whose user has to be found out first stand in the way of others no longer than until the next poll.
constexpr std::size_t spare_keys = 50;

bool asks_about(const KeyRow& key, entra::KeyKind kind) {
    return key.state != KeyState::removed && key.source == ldap::KeySource::azure_ad && kind_of(key.usage) == kind;
}

const KeyQuestionRow* find_question(std::span<const KeyQuestionRow> questions, const KeyRow& key) {
    const auto found = std::ranges::find(questions, key.key_id, &KeyQuestionRow::key_id);
    return found == questions.end() ? nullptr : &*found;
}

}  // namespace

/// What we know about whom a question is about.
struct MethodRecorder::Subject {
    std::optional<EntraUserRow> owner;
    std::optional<UserRow> user;
    std::vector<RegistrationRow> registrations;  ///< waiting
    std::vector<KeyRow> keys;                    ///< live
};

MethodRecorder::MethodRecorder(Ledger& ledger, const config::SyncSettings& sync, FindingRecorder& findings)
    : ledger_(&ledger), sync_(sync), findings_(&findings), matcher_(ledger, sync.overdue_after) {}

std::vector<std::string> MethodRecorder::users_to_read(Instant now) {
    std::set<std::string> names;
    for (const KeyQuestionRow& question : ledger_->key_questions.due(now, spare_keys)) {
        const auto user = ledger_->users.find(question.user_id);
        if (user && !user->upn.empty() && !matcher_.entra_user(*user) && !ledger_->entra_users.find_by_upn(user->upn)) {
            names.insert(user->upn);
        }
    }
    return {names.begin(), names.end()};
}

std::vector<MethodQuestion> MethodRecorder::questions(Instant now, std::size_t most) {
    std::vector<QuestionCandidate> candidates = waiting_registrations(now);
    ledger_->in_transaction([&] { add_keys(candidates, now, most); });
    return plan_questions(std::move(candidates), now, most);
}

std::vector<QuestionCandidate> MethodRecorder::waiting_registrations(Instant now) {
    std::map<MethodQuestion, Instant> deletions;
    for (const DeletionRow& deletion : ledger_->deletions.open()) {
        Instant& newest = deletions[{deletion.entra_user_id, deletion.kind}];
        newest = std::max(newest, deletion.deleted_at);
    }
    std::vector<QuestionCandidate> candidates;
    for (const RegistrationRow& row : ledger_->registrations.in_state(RegistrationState::pending)) {
        const MethodQuestion question{row.entra_user_id, row.kind};
        WaitingForMethod waiting{row.registered_at, row.asked_at, row.known_at, std::nullopt};
        if (const auto deletion = deletions.find(question);
            deletion != deletions.end() && deletion->second >= row.registered_at) {
            waiting.deletion = deletion->second;
        }
        if (const auto due = registration_due(waiting, now, Ticks{sync_.cycle}, Ticks{sync_.overdue_after})) {
            candidates.push_back({question, due->reason, due->at});
        }
    }
    return candidates;
}

void MethodRecorder::add_keys(std::vector<QuestionCandidate>& candidates, Instant now, std::size_t most) {
    for (const KeyQuestionRow& question : ledger_->key_questions.due(now, most + spare_keys)) {
        const auto user = ledger_->users.find(question.user_id);
        const std::vector<KeyRow> keys = ledger_->keys.of_user(question.user_id);
        const auto key = std::ranges::find(keys, question.key_id, &KeyRow::key_id);
        const auto kind = key == keys.end() ? std::nullopt : kind_of(key->usage);
        if (!user || !kind || !asks_about(*key, *kind)) {
            ledger_->key_questions.erase(question.user_id, question.key_id);
            continue;
        }
        const auto owner = matcher_.entra_user(*user);
        if (owner && owner->scope == Scope::watched) {
            candidates.push_back({{owner->id, *kind}, QuestionReason::arrival, question.due_at});
        } else if (owner || user->upn.empty() || ledger_->entra_users.find_by_upn(user->upn)) {
            // Entra does not know the user, or by another name: that is no evidence against a key.
            ledger_->key_questions.erase(question.user_id, question.key_id);
        }
    }
}

MethodRecorder::Subject MethodRecorder::subject_of(const MethodQuestion& asked) {
    Subject subject;
    subject.owner = ledger_->entra_users.find(asked.entra_user_id);
    if (!subject.owner) {
        return subject;
    }
    subject.registrations = ledger_->registrations.pending_of(asked.entra_user_id, asked.kind);
    subject.user = matcher_.directory_user(*subject.owner);
    if (subject.user && ledger_->domains().contains(subject.user->domain_id)) {
        subject.keys = ledger_->keys.of_user(subject.user->id);
        std::erase_if(subject.keys, [&](const KeyRow& key) { return !asks_about(key, asked.kind); });
    }
    return subject;
}

void MethodRecorder::postpone(const MethodQuestion& asked, Instant now) {
    ledger_->in_transaction([&] {
        Subject subject = subject_of(asked);
        for (RegistrationRow& registration : subject.registrations) {
            registration.asked_at = now;
            ledger_->registrations.update(registration, now);
        }
        if (subject.user) {
            ledger_->key_questions.postpone(subject.user->id, now + Ticks{sync_.cycle});
        }
    });
}

void MethodRecorder::record(const MethodQuestion& asked, const entra::UserMethods& answer, Instant now) {
    if (answer.knowledge != entra::MethodsKnowledge::known) {
        postpone(asked, now);
        return;
    }
    ledger_->in_transaction([&] {
        const Subject subject = subject_of(asked);
        if (!subject.owner) {
            return;
        }
        const std::vector<KeyQuestionRow> questions =
            subject.user ? ledger_->key_questions.of_user(subject.user->id) : std::vector<KeyQuestionRow>{};
        std::vector<WaitingRegistration> registrations;
        for (const RegistrationRow& row : subject.registrations) {
            registrations.push_back({row.registered_at, row.method_id});
        }
        std::vector<WrittenKey> keys;
        for (const KeyRow& row : subject.keys) {
            const KeyQuestionRow* question = find_question(questions, row);
            keys.push_back({row.key_id, row.created_at, question != nullptr && question->news,
                            question == nullptr ? std::nullopt : question->missing_since});
        }
        std::optional<Instant> last_deletion;
        for (const DeletionRow& deletion : ledger_->deletions.open_of(subject.owner->id, asked.kind)) {
            last_deletion = deletion.deleted_at;
        }
        const MethodFindings found =
            judge_methods({asked.kind, registrations, keys, answer.methods, last_deletion, method_proof(*ledger_)}, now,
                          Ticks{sync_.overdue_after});
        for (std::size_t r = 0; r < registrations.size(); ++r) {
            settle(subject.registrations[r], found.registrations[r], answer.methods, now);
        }
        for (std::size_t k = 0; k < keys.size(); ++k) {
            settle(subject.user->domain_id, subject.keys[k], find_question(questions, subject.keys[k]), found.keys[k],
                   now);
        }
        matcher_.settle_deletions(*subject.owner, asked.kind, now);
    });
}

void MethodRecorder::settle(RegistrationRow registration, const RegistrationFinding& finding,
                            std::span<const entra::AuthenticationMethod> methods, Instant now) {
    registration.asked_at = now;
    switch (finding.verdict) {
        case RegistrationVerdict::gone:
            matcher_.withdraw(std::move(registration), now);
            return;
        case RegistrationVerdict::known: {
            const entra::AuthenticationMethod& method = methods[finding.method];
            if (registration.method_id.empty() && method.created_at &&
                *method.created_at < registration.registered_at) {
                registration.registered_at = *method.created_at;  // the audit event comes after the fact
            }
            registration.method_id = method.id;
            registration.strength = method.strength;
            registration.known_at = now;
            break;
        }
        case RegistrationVerdict::undecided:
            break;
    }
    ledger_->registrations.update(registration, now);
}

void MethodRecorder::settle(DomainId domain, KeyRow key, const KeyQuestionRow* question, const KeyFinding& finding,
                            Instant now) {
    if (finding.verdict == KeyVerdict::known) {
        raise_method_proof(*ledger_,
                           finding.by == entra::MatchedBy::key_id ? MethodProof::by_key_id : MethodProof::by_time);
        ledger_->key_questions.erase(key.user_id, key.key_id);
        set_unmatched(domain, key, false);
        return;
    }
    KeyQuestionRow next = question != nullptr ? *question : KeyQuestionRow{key.user_id, key.key_id, now, false, {}};
    next.due_at = finding.ask_again;
    next.missing_since = next.missing_since.value_or(now);
    if (finding.verdict == KeyVerdict::unmatched) {
        set_unmatched(domain, key, true);
    } else if (finding.verdict == KeyVerdict::undecided &&
               (question == nullptr || now - *next.missing_since > longest_undecided)) {
        ledger_->key_questions.erase(key.user_id, key.key_id);
        return;
    }
    ledger_->key_questions.save(next);
}

void MethodRecorder::set_unmatched(DomainId domain, KeyRow& key, bool unmatched) {
    const KeyState state = unmatched ? KeyState::unmatched : KeyState::synced;
    if (key.state == state) {
        return;
    }
    auto& keys = ledger_->figures.of(domain).usage[static_cast<std::size_t>(usage_of(key.usage))].keys;
    --keys[static_cast<std::size_t>(figure_state(key.state))];
    key.state = state;
    ++keys[static_cast<std::size_t>(figure_state(key.state))];
    findings_->set_unmatched(domain, key, unmatched);
    ledger_->keys.save(key);
}

}  // namespace keysyncd::daemon
