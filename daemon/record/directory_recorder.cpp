#include "daemon/record/directory_recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "daemon/ledger/meta_names.hpp"

namespace keysyncd::daemon {
namespace {

// Often enough that a crash repeats little, and that the sweep need not wait for a commit.
constexpr std::size_t users_per_commit = 8192;

// Nothing in it speaks for the key attribute having been read at all.
bool shows_no_key(const ldap::DirectoryUser& user) {
    return !user.deleted && user.key_set == ldap::KeySet::whole && user.keys.empty() && user.malformed.empty();
}

}  // namespace

DirectoryRecorder::DirectoryRecorder(Ledger& ledger, const config::SyncSettings& sync)
    : ledger_(&ledger), sync_(sync), users(ledger, sync) {}

void DirectoryRecorder::set_scope(DomainId domain, std::string_view base_dn, std::string_view filter,
                                  Instant baseline_before) {
    const std::string name = fmt::format("{}{}", meta_name::scope, domain);
    const std::string scope = fmt::format("{}\n{}", base_dn, filter);
    const auto before = ledger_->texts.get(name);
    if (before == scope) {
        return;
    }
    ledger_->in_transaction([&] {
        ledger_->texts.set(name, scope);
        if (before) {
            DomainRow& row = ledger_->domain(domain);
            row.first_pass_done = false;
            row.baseline_before = baseline_before;
            row.last_sweep.reset();
        }
    });
}

void DirectoryRecorder::begin_pass(DomainId domain, const ldap::PassStart& start) {
    users.begin_pass(domain, {.clock_offset = start.clock_offset, .read_up_to = start.read_up_to});
    Pass pass;
    pass.start = start;
    pass.rollbacks = ledger_->rollbacks();
    if (start.kind == ldap::PassKind::full_sweep) {
        pass.seen.resize(static_cast<std::size_t>(ledger_->users.highest_id()) + 1);
    }
    passes_[domain] = std::move(pass);
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
            const KeyRow* row_of_key = find_key(keys, key.key_id);
            return !history && (row_of_key == nullptr || row_of_key->state == KeyState::removed);
        });
    }
    return news;
}

void DirectoryRecorder::record(DomainId domain, std::span<const ldap::DirectoryUser> found, Instant now) {
    ledger_->begin();
    try {
        Pass& pass = passes_.at(domain);
        for (const ldap::DirectoryUser& user : found) {
            record_user(domain, user, pass, now);
        }
        ledger_->figures.of(domain).entries += found.size();
        pass.uncommitted += found.size();
        if (pass.uncommitted >= users_per_commit) {
            pass.uncommitted = 0;
            ledger_->commit();
        }
    } catch (...) {
        ledger_->rollback();
        throw;
    }
}

void DirectoryRecorder::record_user(DomainId domain, const ldap::DirectoryUser& user, Pass& pass, Instant now) {
    const auto stored = shows_no_key(user) ? ledger_->users.find(domain, user.object_guid) : std::nullopt;
    const bool emptied = stored && (stored->flags & user_without_keys) == 0;
    const auto id = emptied ? std::optional{stored->id} : users.record(domain, user, now, pass.cloud_writes);
    if (emptied) {
        pass.emptied.insert_or_assign(*id, user);
    } else if (id) {
        pass.emptied.erase(*id);  // found twice, as it changed meanwhile
    }
    if (id && static_cast<std::size_t>(*id) < pass.seen.size()) {
        pass.seen[static_cast<std::size_t>(*id)] = true;
    }
}

std::vector<ldap::KnownUser> DirectoryRecorder::bereft(DomainId domain) {
    Pass& pass = passes_.at(domain);
    std::vector<ldap::KnownUser> users_without;
    for (const UserId id : unseen(domain, pass)) {
        const UserRow user = ledger_->users.find(id).value();
        users_without.push_back({user.guid, user.dn});
    }
    for (const auto& [id, user] : pass.emptied) {
        users_without.push_back({user.object_guid, user.dn});
    }
    return users_without;
}

void DirectoryRecorder::finish_pass(DomainId domain_id, const ldap::PassEnd& end, Instant now) {
    const auto found = passes_.extract(domain_id);
    if (found.empty() || found.mapped().rollbacks != ledger_->rollbacks()) {
        throw std::runtime_error("the ledger undid part of this pass: it will be read again");
    }
    ledger_->in_transaction([&] {
        Pass& pass = found.mapped();
        const bool full_sweep = end.start.kind == ldap::PassKind::full_sweep;
        if (!end.start.may_lag) {
            remove_keys_of_bereft(domain_id, pass, end.hidden, now);
        }
        if (full_sweep) {
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
    auto found = passes_.extract(domain);
    try {
        if (!found.empty() && found.mapped().rollbacks == ledger_->rollbacks()) {
            ledger_->in_transaction([&] { store_bursts(domain, found.mapped()); });
        }
        if (!first_sweep_goes_on()) {
            ledger_->expect_bulk(false);
        }
    } catch (const SqliteError&) {
        // Undone: read again, as the cursor has not moved.
    }
}

bool DirectoryRecorder::first_sweep_goes_on() const {
    return std::ranges::any_of(passes_, [&](const auto& pass) { return !ledger_->domain(pass.first).first_pass_done; });
}

const std::vector<UserId>& DirectoryRecorder::unseen(DomainId domain, Pass& pass) {
    if (pass.unseen) {
        return *pass.unseen;
    }
    std::vector<UserId>& missing = pass.unseen.emplace();
    if (pass.seen.size() <= 1) {
        return missing;  // no full sweep, or nobody was known
    }
    ledger_->users.each_carrier(domain, [&](UserId id) {
        if (static_cast<std::size_t>(id) < pass.seen.size() && !pass.seen[static_cast<std::size_t>(id)]) {
            missing.push_back(id);
        }
    });
    return missing;
}

void DirectoryRecorder::remove_keys_of_bereft(DomainId domain, Pass& pass, std::vector<ldap::Guid> hidden,
                                              Instant now) {
    std::ranges::sort(hidden);
    const auto is_hidden = [&](const ldap::Guid& guid) { return std::ranges::binary_search(hidden, guid); };
    for (const UserId id : unseen(domain, pass)) {
        if (hidden.empty() || !is_hidden(ledger_->users.find(id).value().guid)) {
            users.lose(id, now);
        }
    }
    for (const auto& [id, user] : pass.emptied) {
        if (!is_hidden(user.object_guid)) {
            users.record(domain, user, now, pass.cloud_writes);
        }
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
