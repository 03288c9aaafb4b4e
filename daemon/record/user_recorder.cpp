#include "daemon/record/user_recorder.hpp"

#include <algorithm>

#include "daemon/rules/malformed_kinds.hpp"
#include "daemon/rules/user_fingerprint.hpp"

namespace keysyncd::daemon {
namespace {

metrics::UsageFigures& figures_of(Ledger& ledger, DomainId domain, metrics::Usage usage) {
    return ledger.figures.of(domain).usage[static_cast<std::size_t>(usage)];
}

std::uint64_t& state_count(Ledger& ledger, DomainId domain, const KeyRow& key) {
    return figures_of(ledger, domain, usage_of(key.usage)).keys[static_cast<std::size_t>(figure_state(key.state))];
}

UserRow row_of(DomainId domain, const ldap::DirectoryUser& user) {
    UserRow row;
    row.domain_id = domain;
    row.guid = user.object_guid;
    row.rid = user.object_sid.rid();
    row.consistency_guid = user.consistency_guid;
    row.dn = user.dn;
    row.upn = user.user_principal_name;
    row.sam = user.sam_account_name;
    row.flags = (user.protected_account ? user_protected : 0U) | (user.disabled ? user_disabled : 0U);
    row.fingerprint = fingerprint(user);
    return row;
}

bool is_live(const KeyRow& key) {
    return key.state != KeyState::removed;
}

bool is_gone(const KeyRow& key, const ldap::DirectoryUser& observed) {
    if (observed.deleted) {
        return true;
    }
    return observed.key_set == ldap::KeySet::incremental
               ? std::ranges::find(observed.removed_keys, key.key_id) != observed.removed_keys.end()
               : std::ranges::find(observed.keys, key.key_id, &ldap::DirectoryKey::key_id) == observed.keys.end();
}

}  // namespace

const KeyRow* find_key(std::span<const KeyRow> rows, const std::vector<std::byte>& key_id) {
    const auto found = std::ranges::find(rows, key_id, &KeyRow::key_id);
    return found == rows.end() ? nullptr : &*found;
}

UserRecorder::UserRecorder(Ledger& ledger, const config::SyncSettings& sync)
    : arrivals(ledger), findings(ledger), ledger_(&ledger), sync_(sync), matcher_(ledger, sync.overdue_after) {}

std::optional<UserId> UserRecorder::record(DomainId domain, const ldap::DirectoryUser& observed, Instant now,
                                           std::vector<Instant>& cloud_writes) {
    const bool incremental = observed.key_set == ldap::KeySet::incremental;
    const bool has_values = !observed.keys.empty() || !observed.malformed.empty();
    UserRow user = row_of(domain, observed);
    if (incremental) {
        user.fingerprint = 0;  // of a key set that is only partly known: the next full sweep compares again
    }
    bool is_new = ledger_->users.loading() && has_values && insert(user, observed);
    const auto rows = is_new ? std::vector<UserRow>{} : ledger_->users.with_guid(observed.object_guid);
    const auto in_domain = [&](const UserRow& row) { return row.domain_id == domain; };
    if (const auto stored = std::ranges::find_if(rows, in_domain); stored != rows.end()) {
        user.id = stored->id;
        if (!incremental && stored->fingerprint == user.fingerprint && stored->flags == user.flags) {
            return user.id;
        }
    } else if (!has_values) {
        return std::nullopt;
    } else if (!is_new) {
        is_new = insert(user, observed);
    }

    for (const ldap::MalformedValue& value : observed.malformed) {
        if (ledger_->malformed.remember(domain, observed.object_guid, value.value_hash)) {
            ++ledger_->figures.of(domain).malformed_values[value.kind];
            if (on_malformed) {
                on_malformed(user, value);
            }
        }
    }

    const auto elsewhere = std::ranges::find_if_not(rows, in_domain);
    const Owner owner{user, observed, elsewhere == rows.end() ? nullptr : &*elsewhere, now, cloud_writes};
    const std::vector<KeyRow> known = is_new ? std::vector<KeyRow>{} : ledger_->keys.of_user(user.id);
    std::size_t live = observed.keys.size();
    for (auto key = observed.keys.begin(); key != observed.keys.end(); ++key) {
        const KeyRow* row = find_key(known, key->key_id);
        const bool repeated = std::find_if(observed.keys.begin(), key, [&](const ldap::DirectoryKey& earlier) {
                                  return earlier.key_id == key->key_id;
                              }) != key;
        if (repeated) {
            continue;
        }
        if (row == nullptr || !is_live(*row)) {
            arrive(owner, *key, row);
        } else if (KeyRow changed = *row; findings.examine(domain, changed, *key, observed)) {
            ledger_->keys.save(changed);
        }
    }
    for (const ldap::EndedKey& ended : observed.ended_keys) {
        if (find_key(known, ended.key_id) != nullptr) {
            continue;
        }
        if (const auto row = findings.ended(user, ended)) {
            ledger_->keys.save(*row);
            ++state_count(*ledger_, domain, *row);
        }
    }
    for (const KeyRow& key : known) {
        if (!is_live(key)) {
            continue;
        }
        if (is_gone(key, observed)) {
            const auto ended = std::ranges::find(observed.ended_keys, key.key_id, &ldap::EndedKey::key_id);
            remove(user, key, now, ended == observed.ended_keys.end() ? nullptr : &*ended);
        } else if (incremental) {
            ++live;
        }
    }
    if (!is_new) {
        user.flags |= live == 0 || observed.deleted ? user_without_keys : 0U;
        ledger_->users.update(user);
    }
    return user.id;
}

bool UserRecorder::insert(UserRow& user, const ldap::DirectoryUser& observed) {
    UserRow row = user;
    row.flags |= observed.keys.empty() || observed.deleted ? user_without_keys : 0U;
    const auto id = ledger_->users.insert(row);
    user.id = id.value_or(0);
    return id.has_value();
}

void UserRecorder::arrive(const Owner& owner, const ldap::DirectoryKey& key, const KeyRow* known) {
    const auto& [user, observed, elsewhere, now, cloud_writes] = owner;
    KeyRow row;
    row.user_id = user.id;
    row.key_id = key.key_id;
    row.usage = key.usage;
    row.source = key.source;
    row.state = key.source == ldap::KeySource::azure_ad ? KeyState::synced : KeyState::local;
    row.created_at = key.created_at;
    row.device_id = key.device_id;
    if (auto moved = known == nullptr && elsewhere != nullptr ? carried_over(owner, row) : std::nullopt) {
        ++state_count(*ledger_, user.domain_id, *moved);
        findings.arrived(user.domain_id, *moved, key, observed);
        ledger_->keys.save(*moved);
        return;
    }
    DomainRow& domain = ledger_->domain(user.domain_id);
    const View& view = views_[user.domain_id];
    const Sighting sighting{.previous_pass = domain.first_pass_done ? domain.last_pass : std::nullopt,
                            .seen = now,
                            .when_changed = observed.when_changed,
                            .write = key.write,
                            .clock_offset = view.clock_offset,
                            .unchanged = observed.usn_changed != 0 && observed.usn_changed <= view.read_up_to};
    const WriteInterval write = bound_write(sighting, key.created_at);
    row.written_earliest = write.earliest;
    row.written_latest = write.latest;
    row.precision = write.precision;

    const bool cloud = key.source == ldap::KeySource::azure_ad;
    if (cloud && key.usage == ldap::KeyUsage::fido) {
        domain.fido_written_back = true;
    }
    const bool readded = known != nullptr || write.readded;
    // Of what was there before the audit log is read from, nothing is announced: most of a first pass.
    const bool unannounced =
        !domain.last_pass && key.created_at && *key.created_at < domain.baseline_before - match_tolerance;
    const auto registration = cloud && !unannounced ? matcher_.key_arrived(user, row, now) : std::nullopt;
    const bool baseline =
        !domain.first_pass_done && !registration && (!key.created_at || *key.created_at < domain.baseline_before);
    const bool history = baseline || was_hidden(sighting, key.created_at);

    if (known != nullptr) {
        --state_count(*ledger_, user.domain_id, *known);
        count_findings(*ledger_, user.domain_id, known->findings, 0);
        row.delay = known->delay;
        row.registration_id = row.registration_id ? row.registration_id : known->registration_id;
    }
    ++state_count(*ledger_, user.domain_id, row);
    if (cloud) {
        // The newest write that is known for certain to have happened: history counts by its creation.
        const Instant at = history ? key.created_at.value_or(Instant::min()) : write.latest;
        domain.last_cloud_write = std::max(domain.last_cloud_write.value_or(at), at);
    }
    if (!history) {
        auto& figures = figures_of(*ledger_, user.domain_id, usage_of(key.usage));
        ++figures.writes;
        domain.last_write = std::max(domain.last_write.value_or(write.latest), write.latest);
        arrivals.await(user.domain_id, {user.guid, key.key_id}, write.latest);
        if (cloud) {
            if (!registration && !readded) {
                ++figures.registrations;
            }
            cloud_writes.push_back(write.latest);
            matcher_.question_arrival(row, registration, now);
            if (!readded) {
                measure(domain, user, row, write);
            }
        }
    }
    findings.arrived(user.domain_id, row, key, observed);
    ledger_->keys.save(row);
}

void UserRecorder::measure(DomainRow& domain, const UserRow& user, KeyRow& key, const WriteInterval& write) {
    metrics::DomainFigures& figures = ledger_->figures.of(domain.id);
    if (!key.created_at) {
        ++figures.malformed_values[std::string{creation_time_missing}];
        return;
    }
    key.delay = measure_delay(*key.created_at, write, views_[domain.id].clock_offset);
    if (!key.delay) {
        ++figures.malformed_values[std::string{created_after_written}];
        return;
    }
    auto& usage = figures_of(*ledger_, domain.id, usage_of(key.usage));
    usage.delay.observe(*key.delay);
    usage.missed_cycles += missed_cycles(*key.delay, sync_.cycle, sync_.grace);
    ++figures.measurements[static_cast<std::size_t>(write.precision)];
    if (on_measured) {
        on_measured(user, key);
    }
}

std::optional<KeyRow> UserRecorder::carried_over(const Owner& owner, const KeyRow& key) {
    const UserRow& before = *owner.elsewhere;
    const std::vector<KeyRow> keys = ledger_->keys.of_user(before.id);
    const KeyRow* old = find_key(keys, key.key_id);
    if (old == nullptr) {
        return std::nullopt;
    }
    KeyRow moved = *old;
    moved.user_id = owner.user.id;
    moved.state = key.state;
    moved.removed_at.reset();
    moved.findings = 0;
    if (is_live(*old) && ledger_->domains().contains(before.domain_id)) {
        KeyRow left = *old;
        --state_count(*ledger_, before.domain_id, left);
        left.state = KeyState::removed;
        findings.removed(before.domain_id, left, nullptr);  // it goes on elsewhere: not short-lived
        left.removed_at = owner.now;
        ledger_->keys.save(left);
        arrivals.forget(before.domain_id, {owner.user.guid, left.key_id});
        ++state_count(*ledger_, before.domain_id, left);
    }
    return moved;
}

void UserRecorder::remove(const UserRow& user, KeyRow key, Instant now, const ldap::EndedKey* ended) {
    --state_count(*ledger_, user.domain_id, key);
    key.state = KeyState::removed;
    key.removed_at = now;
    findings.removed(user.domain_id, key, ended);
    ledger_->keys.save(key);
    ++state_count(*ledger_, user.domain_id, key);
    ++figures_of(*ledger_, user.domain_id, usage_of(key.usage)).removals;
    arrivals.forget(user.domain_id, {user.guid, key.key_id});
    matcher_.key_removed(user, key, now);
}

void UserRecorder::lose(UserId id, Instant now) {
    UserRow user = *ledger_->users.find(id);
    for (const KeyRow& key : ledger_->keys.of_user(id)) {
        if (is_live(key)) {
            remove(user, key, now, nullptr);
        }
    }
    user.flags |= user_without_keys;
    user.fingerprint = 0;
    ledger_->users.update(user);
}

}  // namespace keysyncd::daemon
