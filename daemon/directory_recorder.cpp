#include "daemon/directory_recorder.hpp"

#include <algorithm>
#include <stdexcept>

#include "daemon/user_fingerprint.hpp"

namespace keysyncd::daemon {
namespace {

// Often enough that a crash repeats little, rarely enough that a first sweep of a million users is not all commits.
constexpr std::size_t users_per_commit = 8192;

// A key that has not reached a server in a week is not asked for any more.
constexpr Ticks longest_awaited = std::chrono::days{7};

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

const KeyRow* find_key(std::span<const KeyRow> known, const std::vector<std::byte>& key_id) {
    const auto found = std::ranges::find(known, key_id, &KeyRow::key_id);
    return found == known.end() ? nullptr : &*found;
}

bool is_live(const KeyRow& key) {
    return key.state != KeyState::removed;
}

}  // namespace

DirectoryRecorder::DirectoryRecorder(Ledger& ledger, const config::SyncSettings& sync)
    : ledger_(&ledger), sync_(sync), matcher_(ledger, sync.overdue_after) {}

void DirectoryRecorder::observe(DomainId domain, const std::vector<std::string>& servers) {
    observed_[domain] = servers;
    ledger_->begin();
    for (const std::string& server : servers) {
        ledger_->figures.of(domain).replication_delay.try_emplace(server);
    }
    ledger_->commit();
}

void DirectoryRecorder::record_arrivals(DomainId domain, const std::string& server,
                                        std::span<const ldap::KeyArrival> arrivals, Instant now) {
    ledger_->begin();
    try {
        for (const AwaitedTable::Row& awaited : ledger_->awaited.of(domain, server)) {
            const auto found = std::ranges::find_if(arrivals, [&](const ldap::KeyArrival& arrival) {
                return arrival.key.user == awaited.key.user && arrival.key.key_id == awaited.key.key_id;
            });
            if (found == arrivals.end()) {
                continue;
            }
            Instant arrived = found->seen;
            if (found->when_changed && Instant{*found->when_changed} >= awaited.written_at) {
                arrived = std::min(arrived, Instant{*found->when_changed});
            }
            ledger_->figures.of(domain).replication_delay[server].observe(
                std::max(arrived - awaited.written_at, Ticks::zero()));
            ledger_->awaited.erase(domain, server, awaited.key);
        }
        ledger_->awaited.forget_before(now - longest_awaited);
    } catch (...) {
        ledger_->rollback();
        throw;
    }
    ledger_->commit();
}

void DirectoryRecorder::begin_pass(DomainId domain, const ldap::PassStart& start) {
    Pass pass;
    pass.start = start;
    pass.rollbacks = ledger_->rollbacks();
    if (start.kind == ldap::PassKind::full_sweep) {
        pass.seen.resize(static_cast<std::size_t>(ledger_->users.highest_id()) + 1);
    }
    passes_[domain] = std::move(pass);
}

std::vector<bool> DirectoryRecorder::with_news(DomainId domain, std::span<const ldap::DirectoryUser> users) {
    const DomainRow& row = ledger_->domain(domain);
    std::vector<bool> news(users.size());
    for (std::size_t i = 0; i < users.size(); ++i) {
        const auto known = ledger_->users.find(domain, users[i].object_guid);
        const std::vector<KeyRow> keys = known ? ledger_->keys.of_user(known->id) : std::vector<KeyRow>{};
        news[i] = std::ranges::any_of(users[i].keys, [&](const ldap::DirectoryKey& key) {
            const bool history = !row.first_pass_done && key.created_at && *key.created_at < row.baseline_before;
            return key.source == ldap::KeySource::azure_ad && !history && find_key(keys, key.key_id) == nullptr;
        });
    }
    return news;
}

void DirectoryRecorder::record(DomainId domain, std::span<const ldap::DirectoryUser> users, Instant now) {
    ledger_->begin();
    try {
        Pass& pass = passes_.at(domain);
        for (const ldap::DirectoryUser& user : users) {
            record_user(domain, pass, user, now);
        }
        ledger_->figures.of(domain).entries += users.size();
        pass.uncommitted += users.size();
        if (pass.uncommitted >= users_per_commit) {
            pass.uncommitted = 0;
            ledger_->commit();
        }
    } catch (...) {
        ledger_->rollback();
        throw;
    }
}

void DirectoryRecorder::record_user(DomainId domain, Pass& pass, const ldap::DirectoryUser& observed, Instant now) {
    std::optional<UserRow> stored = ledger_->users.find(domain, observed.object_guid);
    if (!stored && observed.keys.empty() && observed.malformed.empty()) {
        return;
    }
    UserRow user = row_of(domain, observed);
    const bool incremental = observed.key_set == ldap::KeySet::incremental;
    if (incremental) {
        user.fingerprint = 0;  // of a key set that is only partly known: the next full sweep compares again
    }
    if (stored) {
        user.id = stored->id;
        if (static_cast<std::size_t>(user.id) < pass.seen.size()) {
            pass.seen[static_cast<std::size_t>(user.id)] = true;
        }
        if (!incremental && stored->fingerprint == user.fingerprint && stored->flags == user.flags) {
            return;
        }
    } else {
        user.id = ledger_->users.insert(user);
    }

    for (const ldap::MalformedValue& value : observed.malformed) {
        if (ledger_->malformed.remember(domain, observed.object_guid, value.value_hash)) {
            ++ledger_->figures.of(domain).malformed_values[value.kind];
        }
    }

    const std::vector<KeyRow> known = ledger_->keys.of_user(user.id);
    const DomainRow domain_row = ledger_->domain(domain);
    std::size_t live = observed.keys.size();
    for (auto key = observed.keys.begin(); key != observed.keys.end(); ++key) {
        const KeyRow* row = find_key(known, key->key_id);
        const bool repeated = std::find_if(observed.keys.begin(), key, [&](const ldap::DirectoryKey& earlier) {
                                  return earlier.key_id == key->key_id;
                              }) != key;
        if (!repeated && (row == nullptr || !is_live(*row))) {
            arrive(domain_row, pass, user, observed, *key, row, now);
        } else if (!repeated) {
            const auto findings = ldap::find_key_findings(*key, observed, row->written_latest, policies_[domain]);
            if (findings != row->findings) {
                KeyRow changed = *row;
                set_findings(domain, changed, findings);
                ledger_->keys.save(changed);
            }
        }
    }
    for (const ldap::EndedKey& ended : observed.ended_keys) {
        if (find_key(known, ended.key_id) == nullptr) {
            record_ended_key(user, ended);
        }
    }
    for (const KeyRow& key : known) {
        if (!is_live(key)) {
            continue;
        }
        const bool gone = incremental ? observed.deleted || std::ranges::find(observed.removed_keys, key.key_id) !=
                                                                observed.removed_keys.end()
                                      : observed.deleted ||
                                            std::ranges::find(observed.keys, key.key_id, &ldap::DirectoryKey::key_id) ==
                                                observed.keys.end();
        if (gone) {
            remove(user, key, now);
        } else if (incremental) {
            ++live;
        }
    }
    if (live == 0 || observed.deleted) {
        user.flags |= user_without_keys;
    }
    ledger_->users.update(user);
}

void DirectoryRecorder::arrive(const DomainRow& domain_before, Pass& pass, const UserRow& user,
                               const ldap::DirectoryUser& observed, const ldap::DirectoryKey& key, const KeyRow* known,
                               Instant now) {
    KeyRow row;
    row.user_id = user.id;
    row.key_id = key.key_id;
    row.usage = key.usage;
    row.source = key.source;
    row.state = key.source == ldap::KeySource::azure_ad ? KeyState::synced : KeyState::local;
    row.created_at = key.created_at;
    row.device_id = key.device_id;
    if (known == nullptr && carried_over(user, row, now)) {
        return;
    }
    const auto offset = clock_offsets_.find(user.domain_id);
    const WriteInterval write =
        bound_write({domain_before.first_pass_done ? domain_before.last_pass : std::nullopt, now, observed.when_changed,
                     key.write, offset == clock_offsets_.end() ? std::chrono::nanoseconds{0} : offset->second},
                    key.created_at);
    row.written_earliest = write.earliest;
    row.written_latest = write.latest;
    row.precision = write.precision;

    DomainRow& domain = ledger_->domain(user.domain_id);
    const bool cloud = key.source == ldap::KeySource::azure_ad;
    if (cloud && key.usage == ldap::KeyUsage::fido) {
        domain.fido_written_back = true;
    }
    const bool readded = known != nullptr || write.readded;
    const auto registration = cloud ? matcher_.key_arrived(user, row, now) : std::nullopt;
    const bool history =
        !domain.first_pass_done && !registration && (!key.created_at || *key.created_at < domain.baseline_before);

    if (known != nullptr) {
        --state_count(*ledger_, user.domain_id, *known);
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
        for (const std::string& server : observed_[user.domain_id]) {
            ledger_->awaited.insert(user.domain_id, server, {{user.guid, key.key_id}, write.latest});
        }
        if (cloud) {
            if (!registration && !readded) {
                ++figures.registrations;
            }
            pass.cloud_writes.push_back(write.latest);
            if (!readded) {
                measure(domain, user, row, write);
            }
        }
    }
    set_findings(user.domain_id, row, ldap::find_key_findings(key, observed, write.latest, policies_[user.domain_id]));
    ledger_->keys.save(row);
}

void DirectoryRecorder::set_findings(DomainId domain, KeyRow& key, ldap::KeyFindings findings) {
    auto& counts = ledger_->figures.of(domain).suspicious_keys;
    for (std::uint8_t i = 0; i < ldap::key_finding_count; ++i) {
        const auto finding = static_cast<ldap::KeyFinding>(i);
        const bool was = (key.findings & ldap::bit(finding)) != 0;
        const bool is = (findings & ldap::bit(finding)) != 0;
        if (was != is) {
            counts[std::string{ldap::to_string(finding)}] += is ? std::uint64_t{1} : ~std::uint64_t{0};
        }
    }
    key.findings = findings;
}

// A value that came and went between two polls leaves its trace in the replication metadata only.
void DirectoryRecorder::record_ended_key(const UserRow& user, const ldap::EndedKey& ended) {
    const auto findings = ldap::find_key_findings(ended, policies_[user.domain_id]);
    if (findings == 0) {
        return;
    }
    KeyRow row;
    row.user_id = user.id;
    row.key_id = ended.key_id;
    row.usage = ended.usage;
    row.source = ended.source;
    row.state = KeyState::removed;
    row.created_at = ended.created_at;
    row.written_earliest = ended.added_at;
    row.written_latest = ended.added_at;
    row.precision = metrics::Precision::exact;
    row.removed_at = ended.removed_at;
    set_findings(user.domain_id, row, findings);
    ledger_->keys.save(row);
    ++state_count(*ledger_, user.domain_id, row);
}

void DirectoryRecorder::measure(DomainRow& domain, const UserRow& user, KeyRow& key, const WriteInterval& write) {
    metrics::DomainFigures& figures = ledger_->figures.of(domain.id);
    if (!key.created_at) {
        ++figures.malformed_values["creation_time_missing"];
        return;
    }
    const auto offset = clock_offsets_.find(domain.id);
    key.delay = measure_delay(*key.created_at, write,
                              offset == clock_offsets_.end() ? std::chrono::nanoseconds{0} : offset->second);
    if (!key.delay) {
        ++figures.malformed_values["created_after_written"];
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

bool DirectoryRecorder::carried_over(const UserRow& user, const KeyRow& key, Instant now) {
    const auto before = ledger_->users.find_elsewhere(user.domain_id, user.guid);
    if (!before) {
        return false;
    }
    const std::vector<KeyRow> keys = ledger_->keys.of_user(before->id);
    const KeyRow* old = find_key(keys, key.key_id);
    if (old == nullptr) {
        return false;
    }
    // A user moved between domains keeps its keys: nobody registered or wrote anything.
    KeyRow moved = *old;
    moved.user_id = user.id;
    moved.state = key.state;
    moved.removed_at.reset();
    ledger_->keys.save(moved);
    ++state_count(*ledger_, user.domain_id, moved);
    if (is_live(*old)) {
        KeyRow left = *old;
        --state_count(*ledger_, before->domain_id, left);
        left.state = KeyState::removed;
        left.removed_at = now;
        ledger_->keys.save(left);
        ++state_count(*ledger_, before->domain_id, left);
    }
    return true;
}

void DirectoryRecorder::remove(const UserRow& user, KeyRow key, Instant now) {
    --state_count(*ledger_, user.domain_id, key);
    key.state = KeyState::removed;
    key.removed_at = now;
    set_findings(user.domain_id, key, 0);  // what is gone can't be used
    ledger_->keys.save(key);
    ++state_count(*ledger_, user.domain_id, key);
    ++figures_of(*ledger_, user.domain_id, usage_of(key.usage)).removals;
    matcher_.key_removed(user, key, now);
}

void DirectoryRecorder::finish_pass(DomainId domain_id, const ldap::PassEnd& end, Instant now) {
    const auto found = passes_.find(domain_id);
    if (found == passes_.end() || found->second.rollbacks != ledger_->rollbacks()) {
        passes_.erase(domain_id);
        throw std::runtime_error("the ledger undid part of this pass: it will be read again");
    }
    ledger_->begin();
    try {
        Pass& pass = found->second;
        if (end.start.kind == ldap::PassKind::full_sweep) {
            std::vector<UserId> missing;
            ledger_->users.each_carrier(domain_id, [&](UserId id) {
                if (static_cast<std::size_t>(id) < pass.seen.size() && !pass.seen[static_cast<std::size_t>(id)]) {
                    missing.push_back(id);
                }
            });
            for (const UserId id : missing) {
                UserRow user = *ledger_->users.find(id);
                for (const KeyRow& key : ledger_->keys.of_user(id)) {
                    if (is_live(key)) {
                        remove(user, key, now);
                    }
                }
                user.flags |= user_without_keys;
                user.fingerprint = 0;
                ledger_->users.update(user);
            }
            ++ledger_->figures.of(domain_id).full_sweeps;
        }
        store_bursts(domain_id, pass);
        clock_offsets_[domain_id] = end.clock_offset;

        DomainRow& domain = ledger_->domain(domain_id);
        domain.last_pass = end.start.started;
        if (end.start.kind == ldap::PassKind::full_sweep) {
            domain.last_sweep = end.start.started;
            domain.first_pass_done = true;
        }
        if (!end.domain_sid.empty()) {
            domain.sid = end.domain_sid;
        }
        domain.base_dn = end.base_dn;
        ledger_->domain_table.save_cursor(domain_id, end.cursor);
        ledger_->commit();
    } catch (...) {
        passes_.erase(domain_id);
        ledger_->rollback();
        throw;
    }
    passes_.erase(domain_id);
}

void DirectoryRecorder::abandon_pass(DomainId domain) {
    passes_.erase(domain);
}

void DirectoryRecorder::store_bursts(DomainId domain, Pass& pass) {
    if (pass.cloud_writes.empty()) {
        return;
    }
    std::ranges::sort(pass.cloud_writes);
    std::vector<WriteBurst> bursts = ledger_->domain_table.bursts(domain);
    std::optional<WriteBurst> current = bursts.empty() ? std::nullopt : std::optional{bursts.back()};
    for (const Instant at : pass.cloud_writes) {
        if (current && at < current->first) {
            continue;  // found late, of a burst that is over: says nothing new about the beat
        }
        if (!current || at - current->last > burst_gap(sync_.cycle)) {
            current = WriteBurst{at, at, 0};
        }
        current->last = std::max(current->last, at);
        ++current->keys;
        ledger_->domain_table.save_burst(domain, *current);
    }
}

}  // namespace keysyncd::daemon
