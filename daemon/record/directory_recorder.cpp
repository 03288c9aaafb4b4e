#include "daemon/record/directory_recorder.hpp"

#include <algorithm>
#include <stdexcept>

namespace keysyncd::daemon {
namespace {

// Often enough that a crash repeats little. A first sweep is read again whole after a crash, and each of its commits
// writes nearly every page of the index of users, which come in no order.
constexpr std::size_t users_per_commit = 8192;
constexpr std::size_t new_users_per_commit = 65536;

}  // namespace

DirectoryRecorder::DirectoryRecorder(Ledger& ledger, const config::SyncSettings& sync)
    : ledger_(&ledger), sync_(sync), users(ledger, sync) {}

void DirectoryRecorder::begin_pass(DomainId domain, const ldap::PassStart& start) {
    users.set_clock_offset(domain, start.clock_offset);
    Pass pass;
    pass.start = start;
    pass.rollbacks = ledger_->rollbacks();
    if (start.kind == ldap::PassKind::full_sweep) {
        pass.seen.resize(static_cast<std::size_t>(ledger_->users.highest_id()) + 1);
    }
    passes_[domain] = std::move(pass);
    users.expect_new_users(domain, !ledger_->domain(domain).first_pass_done && ledger_->domain_table.count() == 1);
    if (first_sweep_goes_on()) {
        ledger_->expect_bulk(true);
    }
}

std::vector<bool> DirectoryRecorder::with_news(DomainId domain, std::span<const ldap::DirectoryUser> found) {
    const DomainRow& row = ledger_->domain(domain);
    std::vector<bool> news(found.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto known = ledger_->users.find(domain, found[i].object_guid);
        const std::vector<KeyRow> keys = known ? ledger_->keys.of_user(known->id) : std::vector<KeyRow>{};
        news[i] = std::ranges::any_of(found[i].keys, [&](const ldap::DirectoryKey& key) {
            const bool history = !row.first_pass_done && key.created_at && *key.created_at < row.baseline_before;
            return !history && find_key(keys, key.key_id) == nullptr;
        });
    }
    return news;
}

void DirectoryRecorder::record(DomainId domain, std::span<const ldap::DirectoryUser> found, Instant now) {
    ledger_->begin();
    try {
        Pass& pass = passes_.at(domain);
        for (const ldap::DirectoryUser& user : found) {
            const auto id = users.record(domain, user, now, pass.cloud_writes);
            if (id && static_cast<std::size_t>(*id) < pass.seen.size()) {
                pass.seen[static_cast<std::size_t>(*id)] = true;
            }
        }
        ledger_->figures.of(domain).entries += found.size();
        pass.uncommitted += found.size();
        const bool first = !ledger_->domain(domain).first_pass_done;
        if (pass.uncommitted >= (first ? new_users_per_commit : users_per_commit)) {
            pass.uncommitted = 0;
            ledger_->commit();
        }
    } catch (...) {
        ledger_->rollback();
        throw;
    }
}

void DirectoryRecorder::finish_pass(DomainId domain_id, const ldap::PassEnd& end, Instant now) {
    const auto found = passes_.extract(domain_id);
    if (found.empty() || found.mapped().rollbacks != ledger_->rollbacks()) {
        throw std::runtime_error("the ledger undid part of this pass: it will be read again");
    }
    ledger_->in_transaction([&] {
        Pass& pass = found.mapped();
        const bool full_sweep = end.start.kind == ldap::PassKind::full_sweep;
        if (full_sweep) {
            if (!end.start.may_lag) {
                remove_unseen(domain_id, pass, now);
            }
            ++ledger_->figures.of(domain_id).full_sweeps;
        }
        store_bursts(domain_id, pass);

        DomainRow& domain = ledger_->domain(domain_id);
        domain.last_pass = end.start.started;
        if (full_sweep) {
            domain.last_sweep = end.start.started;
            domain.first_pass_done = true;
        }
        if (!end.domain_sid.empty()) {
            domain.sid = end.domain_sid;
        }
        domain.base_dn = end.base_dn;
        for (const std::string& server : end.given_up) {
            ledger_->domain_table.drop_cursor(domain_id, server);
        }
        ledger_->domain_table.save_cursor(domain_id, end.cursor);
    });
}

void DirectoryRecorder::after_first_sweeps() {
    if (first_sweep_goes_on()) {
        return;
    }
    if (ledger_->expects_bulk()) {
        ledger_->users.pack();
    }
    users.findings.compare_all();
    ledger_->expect_bulk(false);
}

void DirectoryRecorder::abandon_pass(DomainId domain) {
    passes_.erase(domain);
    if (!first_sweep_goes_on()) {
        ledger_->expect_bulk(false);
    }
}

bool DirectoryRecorder::first_sweep_goes_on() const {
    return std::ranges::any_of(passes_, [&](const auto& pass) { return !ledger_->domain(pass.first).first_pass_done; });
}

void DirectoryRecorder::remove_unseen(DomainId domain, const Pass& pass, Instant now) {
    if (pass.seen.size() <= 1) {
        return;  // nobody was known
    }
    std::vector<UserId> missing;
    ledger_->users.each_carrier(domain, [&](UserId id) {
        if (static_cast<std::size_t>(id) < pass.seen.size() && !pass.seen[static_cast<std::size_t>(id)]) {
            missing.push_back(id);
        }
    });
    for (const UserId id : missing) {
        users.lose(id, now);
    }
}

void DirectoryRecorder::store_bursts(DomainId domain, Pass& pass) {
    if (pass.cloud_writes.empty()) {
        return;
    }
    std::ranges::sort(pass.cloud_writes);
    const std::vector<WriteBurst> bursts = ledger_->bursts.newest(domain);
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
        ledger_->bursts.save(domain, *current);
    }
}

}  // namespace keysyncd::daemon
