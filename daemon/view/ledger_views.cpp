#include "daemon/view/ledger_views.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/ledger/burst_table.hpp"
#include "daemon/ledger/column.hpp"
#include "daemon/ledger/named_values.hpp"
#include "daemon/record/registration_matcher.hpp"
#include "daemon/view/sync_heartbeat.hpp"
#include "ldap/hex.hpp"

namespace keysyncd::daemon {

LedgerViews::LedgerViews(Database& database, const config::SyncSettings& sync, Instant now) : sync_(sync), now_(now) {
    MetaTable meta{database};
    const Heartbeat heartbeat = read_heartbeat(meta);
    last_sync_ = heartbeat.last_sync;
    BurstTable bursts{database};
    Statement rows = database.prepare("SELECT id, name, domain_sid, last_cloud_write FROM domains");
    while (rows.step()) {
        const DomainId id = rows.integer(0);
        DomainFacts facts;
        facts.name = rows.text(1);
        facts.sid = ldap::Sid::from_bytes(rows.blob(2)).value_or(ldap::Sid{}).to_string();
        facts.evidence = {optional_instant_column(rows, 3), heartbeat};
        facts.bursts = bursts.newest(id);
        facts.cycle = observe_cycle(facts.bursts, sync.cycle);
        domains_[id] = std::move(facts);
    }
}

std::optional<DomainId> LedgerViews::domain_named(std::string_view name) const {
    const auto found = std::ranges::find_if(domains_, [&](const auto& domain) { return domain.second.name == name; });
    return found == domains_.end() ? std::nullopt : std::optional{found->first};
}

namespace {

// From three columns: a method's id, strength, and when Entra has shown it last.
std::optional<KeyView::Method> method_view(const Statement& row, int first) {
    if (row.text(first).empty()) {
        return std::nullopt;
    }
    return KeyView::Method{std::string{row.text(first)}, std::string{row.text(first + 1)},
                           optional_instant_column(row, first + 2)};
}

}  // namespace

UserName LedgerViews::user_name(const Statement& row, int first) const {
    UserName user;
    const auto domain = domains_.find(row.integer(first));
    user.dn = row.text(first + 1);
    user.user_principal_name = row.text(first + 2);
    user.sam_account_name = row.text(first + 3);
    user.object_guid = ldap::Guid::from_bytes(row.blob(first + 4)).value_or(ldap::Guid{}).to_string();
    if (domain != domains_.end()) {
        user.domain = domain->second.name;
        if (!domain->second.sid.empty() && row.integer(first + 5) != 0) {
            user.object_sid = fmt::format("{}-{}", domain->second.sid, row.integer(first + 5));
        }
    }
    return user;
}

KeyView LedgerViews::key_view(const Statement& row) const {
    KeyView key;
    key.user = user_name(row, 0);
    key.key_id = ldap::encode_hex(row.blob(6));
    key.usage = to_string(enumeration_column<ldap::KeyUsage>(row, 7));
    key.source = to_string(enumeration_column<ldap::KeySource>(row, 8));
    if (const auto device = ldap::Guid::from_bytes(row.blob(9)); device && !device->is_zero()) {  // zero: a FIDO key
        key.device_id = device->to_string();
    }
    key.state = figure_state(enumeration_column<KeyState>(row, 10));
    key.registered_at = optional_instant_column(row, 11);
    key.written_earliest = optional_instant_column(row, 12);
    key.written_latest = optional_instant_column(row, 13);
    if (!row.is_null(14)) {
        key.delay = Ticks{row.integer(14)};
        key.missed_cycles = missed_cycles(*key.delay, sync_.cycle, sync_.grace);
    }
    key.precision = enumeration_column<metrics::Precision>(row, 15);
    key.removed_at = optional_instant_column(row, 16);
    key.findings = static_cast<std::uint32_t>(row.integer(17));
    key.method = method_view(row, 19);
    return key;
}

KeyView LedgerViews::registration_view(const Statement& row) const {
    KeyView key;
    const auto domain = domains_.find(row.integer(1));
    if (domain != domains_.end()) {
        key.user.domain = domain->second.name;
        if (!domain->second.sid.empty() && !row.is_null(2)) {
            key.user.object_sid = fmt::format("{}-{}", domain->second.sid, row.integer(2));
        }
    }
    key.user.entra_id = row.text(3);
    key.user.user_principal_name = row.text(4);
    key.usage = metrics::usage_labels[static_cast<std::size_t>(usage_of(enumeration_column<entra::KeyKind>(row, 5)))];
    key.source = to_string(ldap::KeySource::azure_ad);
    key.registered_at = instant_column(row, 6);
    key.method = method_view(row, 10);
    if (enumeration_column<RegistrationState>(row, 7) == RegistrationState::withdrawn) {
        key.state = metrics::State::withdrawn;
        return key;
    }
    const Ticks waited = now_ - *key.registered_at;
    key.missed_cycles = missed_cycles(waited, sync_.cycle, sync_.grace);
    if (waited >= Ticks{sync_.overdue_after}) {
        key.state = metrics::State::overdue;
        const bool stalled =
            domain != domains_.end() && sync_stalled(now_, *key.registered_at, domain->second.evidence, sync_.cycle);
        key.cause = cause_of(enumeration_column<AccountFinding>(row, 8), row.integer(9) != 0, stalled);
    }
    return key;
}

NextWrite LedgerViews::next_write(DomainId domain) const {
    const auto facts = domains_.find(domain);
    if (facts != domains_.end() && facts->second.cycle) {
        return {next_cycle(*facts->second.cycle, now_), facts->second.cycle->uncertainty, true};
    }
    // Nothing observed. A run tells Entra first and writes to the directory then: within its grace.
    if (last_sync_ && now_ - *last_sync_ < 2 * Ticks{sync_.cycle}) {
        return {.at = next_cycle({Ticks{sync_.cycle}, {}, *last_sync_}, now_),
                .uncertainty = Ticks{sync_.grace},
                .last_sync = true};
    }
    // Not even that: somewhere within the next configured cycle, its run included.
    const Ticks half = Ticks{sync_.cycle} / 2;
    return {now_ + half, half + Ticks{sync_.grace}, false};
}

}  // namespace keysyncd::daemon
