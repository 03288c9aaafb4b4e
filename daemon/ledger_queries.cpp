#include "daemon/ledger_queries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/column.hpp"
#include "daemon/registration_matcher.hpp"
#include "ldap/hex.hpp"

namespace keysyncd::daemon {
namespace {

// Users' and keys' columns in the order that user_name and key_view read them.
constexpr std::string_view key_select =
    "SELECT u.domain_id, u.dn, u.upn, u.sam, u.guid, u.rid, "
    "k.key_id, k.usage, k.source, k.device_id, k.state, k.created_at, k.written_earliest, k.written_latest, k.delay, "
    "k.precision, k.removed_at, k.findings, k.user_id FROM keys k JOIN users u ON u.id = k.user_id ";

constexpr std::string_view registration_select =
    "SELECT r.id, r.domain_id, r.rid, r.entra_user_id, r.upn, r.kind, r.registered_at, r.state, r.account, "
    "coalesce(e.provisioning_errors, 0) FROM registrations r LEFT JOIN entra_users e ON e.id = r.entra_user_id ";

std::string hex_of(std::span<const std::byte> bytes) {
    return ldap::encode_hex(bytes);
}

// "r:ID" after a registration, "k:USER:KEYID" after a key.
struct Position {
    std::int64_t registration = 0;
    bool in_keys = false;
    std::int64_t user = 0;
    std::vector<std::byte> key_id;
};

std::optional<std::int64_t> parse_number(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional{number} : std::nullopt;
}

std::optional<Position> parse_cursor(std::string_view text) {
    Position position;
    if (text.empty()) {
        return position;
    }
    if (text.starts_with("r:")) {
        const auto id = parse_number(text.substr(2));
        position.registration = id.value_or(0);
        return id ? std::optional{position} : std::nullopt;
    }
    const std::size_t colon = text.find(':', 2);
    if (!text.starts_with("k:") || colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto user = parse_number(text.substr(2, colon - 2));
    const std::string_view hex = text.substr(colon + 1);
    position.key_id.resize(hex.size() / 2);
    if (!user || hex.size() % 2 != 0 || !ldap::decode_hex(hex, position.key_id)) {
        return std::nullopt;
    }
    position.in_keys = true;
    position.user = *user;
    return position;
}

std::optional<KeyState> key_state(metrics::State state) {
    switch (state) {
        case metrics::State::synced:
            return KeyState::synced;
        case metrics::State::unmatched:
            return KeyState::unmatched;
        case metrics::State::local:
            return KeyState::local;
        case metrics::State::removed:
            return KeyState::removed;
        default:
            return std::nullopt;
    }
}

bool is_registration_state(metrics::State state) {
    return !key_state(state).has_value();
}

}  // namespace

LedgerQueries::LedgerQueries(const config::Settings& settings, const std::filesystem::path& ledger)
    : settings_(settings),
      own_(std::make_unique<Database>(ledger.string(), OpenMode::read_only)),
      database_(own_.get()) {}

LedgerQueries::LedgerQueries(const config::Settings& settings, Database& database)
    : settings_(settings), database_(&database) {}

void LedgerQueries::load_domains(Instant now) {
    domains_.clear();
    std::optional<Instant> last_sync;
    Statement meta = database_->prepare("SELECT value FROM meta WHERE name = 'entra_last_sync'");
    if (meta.step()) {
        last_sync = instant_column(meta, 0);
    }
    Statement rows = database_->prepare("SELECT id, name, domain_sid, last_cloud_write FROM domains");
    while (rows.step()) {
        DomainFacts facts;
        facts.name = rows.text(1);
        facts.sid = ldap::Sid::from_bytes(rows.blob(2)).value_or(ldap::Sid{}).to_string();
        facts.stalled = sync_stalled(now, optional_instant_column(rows, 3), last_sync, settings_.sync.cycle);
        const DomainId id = rows.integer(0);
        Statement bursts = database_->prepare(
            "SELECT first, last, keys FROM (SELECT first, last, keys FROM bursts WHERE domain_id = ? "
            "ORDER BY first DESC LIMIT 200) ORDER BY first");
        bursts.bind(id);
        while (bursts.step()) {
            facts.bursts.push_back(
                {instant_column(bursts, 0), instant_column(bursts, 1), static_cast<std::uint64_t>(bursts.integer(2))});
        }
        facts.cycle = observe_cycle(facts.bursts, settings_.sync.cycle);
        domains_[id] = std::move(facts);
    }
}

UserName LedgerQueries::user_name(const Statement& row, int first) const {
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

KeyView LedgerQueries::key_view(const Statement& row) const {
    KeyView key;
    key.user = user_name(row, 0);
    key.key_id = hex_of(row.blob(6));
    key.usage = to_string(enumeration_column<ldap::KeyUsage>(row, 7));
    key.source = to_string(enumeration_column<ldap::KeySource>(row, 8));
    if (const auto device = ldap::Guid::from_bytes(row.blob(9))) {
        key.device_id = device->to_string();
    }
    key.state = figure_state(enumeration_column<KeyState>(row, 10));
    key.registered_at = optional_instant_column(row, 11);
    key.written_earliest = optional_instant_column(row, 12);
    key.written_latest = optional_instant_column(row, 13);
    if (!row.is_null(14)) {
        key.delay = Ticks{row.integer(14)};
        key.missed_cycles = missed_cycles(*key.delay, settings_.sync.cycle, settings_.sync.grace);
    }
    key.precision = enumeration_column<metrics::Precision>(row, 15);
    key.removed_at = optional_instant_column(row, 16);
    key.findings = static_cast<std::uint32_t>(row.integer(17));
    return key;
}

KeyView LedgerQueries::registration_view(const Statement& row, Instant now) const {
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
    if (enumeration_column<RegistrationState>(row, 7) == RegistrationState::withdrawn) {
        key.state = metrics::State::withdrawn;
        return key;
    }
    const Ticks waited = now - *key.registered_at;
    key.missed_cycles = missed_cycles(waited, settings_.sync.cycle, settings_.sync.grace);
    if (waited >= Ticks{settings_.sync.overdue_after}) {
        key.state = metrics::State::overdue;
        key.cause = cause_of(enumeration_column<AccountFinding>(row, 8), row.integer(9) != 0,
                             domain != domains_.end() && domain->second.stalled);
    }
    return key;
}

std::optional<KeyPage> LedgerQueries::keys(const KeyFilter& filter, Instant now) {
    auto position = parse_cursor(filter.cursor);
    if (!position) {
        return std::nullopt;
    }
    load_domains(now);
    std::int64_t domain = 0;
    for (const auto& [id, facts] : domains_) {
        domain = facts.name == filter.domain ? id : domain;
    }
    KeyPage page;
    if (!filter.domain.empty() && domain == 0) {
        return page;
    }
    const bool any_domain = filter.domain.empty();
    const std::size_t limit = std::max<std::size_t>(filter.limit, 1);

    if (!position->in_keys && (!filter.state || is_registration_state(*filter.state))) {
        Statement rows = database_->prepare(std::string{registration_select} +
                                            "WHERE r.id > ? AND r.state IN (1, 3) AND (? OR r.domain_id = ?) "
                                            "ORDER BY r.id");
        rows.bind(position->registration, any_domain, domain);
        while (rows.step()) {
            KeyView key = registration_view(rows, now);
            if (filter.state && key.state != *filter.state) {
                continue;
            }
            if (page.keys.size() == limit) {
                page.next_cursor = fmt::format("r:{}", position->registration);
                return page;
            }
            position->registration = rows.integer(0);
            page.keys.push_back(std::move(key));
        }
    }
    if (!filter.state || key_state(*filter.state)) {
        const auto state = filter.state ? key_state(*filter.state) : std::nullopt;
        Statement rows = database_->prepare(std::string{key_select} +
                                            "WHERE (k.user_id, k.key_id) > (?, ?) AND (? OR k.state = ?) "
                                            "AND (? OR u.domain_id = ?) ORDER BY k.user_id, k.key_id LIMIT ?");
        rows.bind(position->user, std::span<const std::byte>{position->key_id}, !state,
                  static_cast<int>(state.value_or(KeyState::synced)), any_domain, domain,
                  static_cast<std::int64_t>(limit - page.keys.size()) + 1);
        while (rows.step()) {
            if (page.keys.size() == limit) {
                page.next_cursor = fmt::format("k:{}:{}", position->user, hex_of(position->key_id));
                return page;
            }
            const auto id = rows.blob(6);
            position->user = rows.integer(18);
            position->key_id.assign(id.begin(), id.end());
            page.keys.push_back(key_view(rows));
        }
    }
    return page;
}

NextWrite LedgerQueries::next_write(DomainId domain, Instant now) const {
    const auto facts = domains_.find(domain);
    if (facts != domains_.end() && facts->second.cycle) {
        return {next_cycle(*facts->second.cycle, now), facts->second.cycle->uncertainty, true};
    }
    // Nothing observed: somewhere within the next configured cycle, its run included.
    const Ticks half = Ticks{settings_.sync.cycle} / 2;
    return {now + half, half + Ticks{settings_.sync.grace}, false};
}

void LedgerQueries::add_waiting(UserView& user, std::string_view entra_id, Instant now) {
    Statement rows =
        database_->prepare(std::string{registration_select} +
                           "WHERE r.entra_user_id = ? AND r.state IN (1, 3) ORDER BY r.registered_at DESC");
    rows.bind(entra_id);
    std::vector<KeyView> waiting;
    while (rows.step()) {
        KeyView key = registration_view(rows, now);
        if (user.user.domain.empty()) {
            user.user.domain = key.user.domain;
            user.user.object_sid = key.user.object_sid;
            user.user.user_principal_name = key.user.user_principal_name;
        }
        key.user = user.user;
        if (key.state != metrics::State::withdrawn && !user.next_write) {
            user.next_write = next_write(rows.integer(1), now);
        }
        waiting.push_back(std::move(key));
    }
    user.keys.insert(user.keys.begin(), std::make_move_iterator(waiting.begin()),
                     std::make_move_iterator(waiting.end()));
}

std::vector<UserView> LedgerQueries::users(std::string_view name, Instant now) {
    load_domains(now);
    const auto guid = ldap::Guid::parse(name);
    const auto sid = ldap::Sid::parse(name);
    std::vector<UserView> found;
    std::vector<std::string> entra_ids;

    Statement rows = database_->prepare(
        "SELECT u.domain_id, u.dn, u.upn, u.sam, u.guid, u.rid, u.id, u.flags, "
        "(SELECT e.id FROM entra_users e WHERE (e.domain_id = u.domain_id AND e.rid = u.rid) OR "
        "e.immutable_id = coalesce(u.consistency_guid, u.guid) LIMIT 1) FROM users u "
        "WHERE u.upn = ?1 COLLATE NOCASE OR u.sam = ?1 COLLATE NOCASE OR u.dn = ?1 COLLATE NOCASE OR u.guid = ?2 "
        "OR u.rid = ?3 OR EXISTS (SELECT 1 FROM entra_users e WHERE e.id = ?1 AND e.domain_id = u.domain_id "
        "AND e.rid = u.rid) ORDER BY u.id LIMIT 50");
    rows.bind(name, to_column(guid), sid ? static_cast<std::int64_t>(sid->rid()) : std::int64_t{-1});
    while (rows.step()) {
        UserView user;
        user.user = user_name(rows, 0);
        if (sid && user.user.object_sid != sid->to_string()) {
            continue;
        }
        user.user.entra_id = rows.text(8);
        const auto flags = static_cast<std::uint32_t>(rows.integer(7));
        user.protected_account = (flags & user_protected) != 0;
        user.disabled = (flags & user_disabled) != 0;
        Statement keys =
            database_->prepare(std::string{key_select} + "WHERE k.user_id = ? ORDER BY k.created_at DESC, k.key_id");
        keys.bind(rows.integer(6));
        while (keys.step()) {
            user.keys.push_back(key_view(keys));
        }
        if (!user.user.entra_id.empty()) {
            add_waiting(user, user.user.entra_id, now);
            entra_ids.push_back(user.user.entra_id);
        }
        found.push_back(std::move(user));
    }
    // Users whose first key is still on its way are known from Entra only.
    Statement entra = database_->prepare(
        "SELECT id, upn FROM entra_users WHERE scope = 0 AND (id = ?1 OR upn = ?1 OR rid = ?2 OR immutable_id = ?3) "
        "LIMIT 50");
    entra.bind(name, sid ? static_cast<std::int64_t>(sid->rid()) : std::int64_t{-1}, to_column(guid));
    while (entra.step()) {
        UserView user;
        user.user.entra_id = entra.text(0);
        user.user.user_principal_name = entra.text(1);
        if (std::ranges::find(entra_ids, user.user.entra_id) != entra_ids.end()) {
            continue;
        }
        add_waiting(user, user.user.entra_id, now);
        if (!user.keys.empty() && (!sid || user.user.object_sid == sid->to_string())) {
            found.push_back(std::move(user));
        }
    }
    return found;
}

std::vector<CycleView> LedgerQueries::cycles(Instant now) {
    load_domains(now);
    std::vector<CycleView> views;
    for (const auto& [id, facts] : domains_) {
        CycleView view;
        view.domain = facts.name;
        view.configured = settings_.sync.cycle;
        view.observed = facts.cycle;
        view.bursts = facts.bursts;
        if (facts.cycle) {
            view.next = next_cycle(*facts.cycle, now);
        }
        views.push_back(std::move(view));
    }
    return views;
}

}  // namespace keysyncd::daemon
