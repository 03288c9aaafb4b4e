#include "daemon/view/ledger_queries.hpp"

#include <algorithm>

#include "daemon/ledger/column.hpp"
#include "daemon/view/key_cursor.hpp"
#include "daemon/view/ledger_views.hpp"
#include "ldap/key_findings.hpp"

namespace keysyncd::daemon {
namespace {

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

std::optional<KeyPage> LedgerQueries::keys(const KeyFilter& filter, Instant now) {
    auto position = parse_key_cursor(filter.cursor);
    if (!position) {
        return std::nullopt;
    }
    const LedgerViews views{*database_, settings_.sync, now};
    const bool any_domain = filter.domain.empty();
    const DomainId domain = views.domain_named(filter.domain).value_or(0);
    KeyPage page;
    if (!any_domain && domain == 0) {
        return page;
    }
    const std::size_t limit = std::max<std::size_t>(filter.limit, 1);

    if (!position->in_keys && (!filter.state || is_registration_state(*filter.state))) {
        Statement rows = database_->prepare(std::string{LedgerViews::registration_select} +
                                            "WHERE r.id > ? AND r.state IN (1, 3) AND (? OR r.domain_id = ?) "
                                            "ORDER BY r.id");
        rows.bind(position->registration, any_domain, domain);
        while (rows.step()) {
            KeyView key = views.registration_view(rows);
            if (filter.state && key.state != *filter.state) {
                continue;
            }
            if (page.keys.size() == limit) {
                page.next_cursor = to_text(*position);
                return page;
            }
            position->registration = rows.integer(0);
            page.keys.push_back(std::move(key));
        }
    }
    if (!filter.state || key_state(*filter.state)) {
        const auto state = filter.state ? key_state(*filter.state) : std::nullopt;
        Statement rows = database_->prepare(std::string{LedgerViews::key_select} +
                                            "WHERE (k.user_id, k.key_id) > (?, ?) AND (? OR k.state = ?) "
                                            "AND (? OR u.domain_id = ?) ORDER BY k.user_id, k.key_id LIMIT ?");
        rows.bind(position->user, std::span<const std::byte>{position->key_id}, !state,
                  static_cast<int>(state.value_or(KeyState::synced)), any_domain, domain,
                  static_cast<std::int64_t>(limit - page.keys.size()) + 1);
        while (rows.step()) {
            if (page.keys.size() == limit) {
                page.next_cursor = to_text(*position);
                return page;
            }
            const auto id = rows.blob(6);
            position->in_keys = true;
            position->user = rows.integer(18);
            position->key_id.assign(id.begin(), id.end());
            page.keys.push_back(views.key_view(rows));
        }
    }
    return page;
}

std::vector<UserName> LedgerQueries::other_carriers(const LedgerViews& views, std::span<const std::byte> key_id,
                                                    UserId user) {
    Statement rows = database_->prepare(std::string{LedgerViews::key_select} +
                                        "WHERE k.key_id = ? AND k.state <> 3 AND k.user_id <> ? LIMIT 10");
    rows.bind(key_id, user);
    std::vector<UserName> others;
    while (rows.step()) {
        others.push_back(views.user_name(rows, 0));
    }
    return others;
}

void LedgerQueries::add_waiting(const LedgerViews& views, UserView& user, std::string_view entra_id) {
    Statement rows =
        database_->prepare(std::string{LedgerViews::registration_select} +
                           "WHERE r.entra_user_id = ? AND r.state IN (1, 3) ORDER BY r.registered_at DESC");
    rows.bind(entra_id);
    std::vector<KeyView> waiting;
    while (rows.step()) {
        KeyView key = views.registration_view(rows);
        if (user.user.domain.empty()) {
            user.user.domain = key.user.domain;
            user.user.object_sid = key.user.object_sid;
            user.user.user_principal_name = key.user.user_principal_name;
        }
        key.user = user.user;
        if (key.state != metrics::State::withdrawn && !user.next_write) {
            user.next_write = views.next_write(rows.integer(1));
        }
        waiting.push_back(std::move(key));
    }
    user.keys.insert(user.keys.begin(), std::make_move_iterator(waiting.begin()),
                     std::make_move_iterator(waiting.end()));
}

std::vector<UserView> LedgerQueries::users(std::string_view name, Instant now) {
    const LedgerViews views{*database_, settings_.sync, now};
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
        user.user = views.user_name(rows, 0);
        if (sid && user.user.object_sid != sid->to_string()) {
            continue;
        }
        user.user.entra_id = rows.text(8);
        const auto flags = static_cast<std::uint32_t>(rows.integer(7));
        user.protected_account = (flags & user_protected) != 0;
        user.disabled = (flags & user_disabled) != 0;
        Statement keys = database_->prepare(std::string{LedgerViews::key_select} +
                                            "WHERE k.user_id = ? ORDER BY k.created_at DESC, k.key_id");
        keys.bind(rows.integer(6));
        while (keys.step()) {
            user.keys.push_back(views.key_view(keys));
            if ((user.keys.back().findings & ldap::bit(ldap::KeyFinding::shared_key)) != 0) {
                user.keys.back().shared_with = other_carriers(views, keys.blob(6), rows.integer(6));
            }
        }
        if (!user.user.entra_id.empty()) {
            add_waiting(views, user, user.user.entra_id);
            entra_ids.push_back(user.user.entra_id);
        }
        settle_next_write(user);
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
        add_waiting(views, user, user.user.entra_id);
        settle_next_write(user);
        if (!user.keys.empty() && (!sid || user.user.object_sid == sid->to_string())) {
            found.push_back(std::move(user));
        }
    }
    return found;
}

std::vector<CycleView> LedgerQueries::cycles(Instant now) {
    std::vector<CycleView> cycles;
    const LedgerViews views{*database_, settings_.sync, now};
    for (const auto& [id, facts] : views.domains()) {
        CycleView view;
        view.domain = facts.name;
        view.configured = settings_.sync.cycle;
        view.observed = facts.cycle;
        view.bursts = facts.bursts;
        if (facts.cycle) {
            view.next = next_cycle(*facts.cycle, now);
        }
        cycles.push_back(std::move(view));
    }
    return cycles;
}

std::uint64_t LedgerQueries::carriers() {
    return static_cast<std::uint64_t>(database_->scalar("SELECT count(*) FROM users WHERE flags & 4 = 0"));
}

}  // namespace keysyncd::daemon
