#include "daemon/registration_tables.hpp"

#include "daemon/column.hpp"

namespace keysyncd::daemon {
namespace {

constexpr const char* registration_columns =
    "SELECT id, event_id, entra_user_id, upn, kind, registered_at, state, domain_id, rid, account, looked_up_at, "
    "method_id, strength, asked_at, known_at FROM registrations ";

RegistrationRow registration_row(const Statement& row) {
    RegistrationRow registration;
    registration.id = row.integer(0);
    registration.event_id = row.text(1);
    registration.entra_user_id = row.text(2);
    registration.upn = row.text(3);
    registration.kind = enumeration_column<entra::KeyKind>(row, 4);
    registration.registered_at = instant_column(row, 5);
    registration.state = enumeration_column<RegistrationState>(row, 6);
    registration.domain_id = row.optional_integer(7);
    if (!row.is_null(8)) {
        registration.rid = static_cast<std::uint32_t>(row.integer(8));
    }
    registration.account = enumeration_column<AccountFinding>(row, 9);
    registration.looked_up_at = optional_instant_column(row, 10);
    registration.method_id = row.text(11);
    registration.strength = row.text(12);
    registration.asked_at = optional_instant_column(row, 13);
    registration.known_at = optional_instant_column(row, 14);
    return registration;
}

std::vector<RegistrationRow> registrations(Statement& statement) {
    std::vector<RegistrationRow> rows;
    while (statement.step()) {
        rows.push_back(registration_row(statement));
    }
    statement.reset();
    return rows;
}

constexpr const char* deletion_columns = "SELECT event_id, entra_user_id, upn, kind, deleted_at FROM deletions ";

std::vector<DeletionRow> deletions(Statement& statement) {
    std::vector<DeletionRow> rows;
    while (statement.step()) {
        rows.push_back({std::string{statement.text(0)}, std::string{statement.text(1)}, std::string{statement.text(2)},
                        enumeration_column<entra::KeyKind>(statement, 3), instant_column(statement, 4)});
    }
    statement.reset();
    return rows;
}

constexpr const char* entra_user_columns =
    "SELECT id, upn, scope, domain_id, rid, immutable_id, provisioning_errors, fetched_at FROM entra_users ";

std::optional<EntraUserRow> one_entra_user(Statement& statement) {
    std::optional<EntraUserRow> user;
    if (statement.step()) {
        user.emplace();
        user->id = statement.text(0);
        user->upn = statement.text(1);
        user->scope = enumeration_column<Scope>(statement, 2);
        user->domain_id = statement.optional_integer(3);
        if (!statement.is_null(4)) {
            user->rid = static_cast<std::uint32_t>(statement.integer(4));
        }
        user->immutable_id = ldap::Guid::from_bytes(statement.blob(5));
        user->provisioning_errors = statement.integer(6) != 0;
        user->fetched_at = instant_column(statement, 7);
    }
    statement.reset();
    return user;
}

}  // namespace

RegistrationTable::RegistrationTable(Database& database)
    : insert_(database.prepare("INSERT INTO registrations (event_id, entra_user_id, upn, kind, registered_at, state, "
                               "method_id, asked_at, known_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                               "ON CONFLICT (event_id) DO NOTHING RETURNING id")),
      update_(database.prepare("UPDATE registrations SET entra_user_id = ?, upn = ?, registered_at = ?, state = ?, "
                               "domain_id = ?, rid = ?, account = ?, looked_up_at = ?, method_id = ?, strength = ?, "
                               "asked_at = ?, known_at = ?, changed_at = ? WHERE id = ?")),
      by_id_(database.prepare(std::string{registration_columns} + "WHERE id = ?")),
      by_state_(
          database.prepare(std::string{registration_columns} + "WHERE state = ? AND state IN (0, 1) ORDER BY id")),
      matchable_(
          database.prepare(std::string{registration_columns} +
                           "WHERE entra_user_id = ? AND kind = ? AND state IN (1, 3) ORDER BY registered_at, id")),
      pending_(database.prepare(std::string{registration_columns} +
                                "WHERE entra_user_id = ? AND kind = ? AND state = 1 ORDER BY registered_at, id")),
      withdrawn_(database.prepare(std::string{registration_columns} +
                                  "WHERE entra_user_id = ? AND kind = ? AND state = 3 AND NOT EXISTS (SELECT 1 FROM "
                                  "deletions WHERE withdrew = registrations.id) ORDER BY registered_at, id")),
      expired_(database.prepare(std::string{registration_columns} + "WHERE state > 1 AND changed_at < ?")),
      delete_(database.prepare("DELETE FROM registrations WHERE id = ?")) {}

std::optional<RegistrationId> RegistrationTable::insert(const RegistrationRow& row, Instant now) {
    insert_.bind(row.event_id, row.entra_user_id, row.upn, static_cast<int>(row.kind), to_column(row.registered_at),
                 static_cast<int>(row.state), row.method_id, to_column(row.asked_at), to_column(row.known_at),
                 to_column(now));
    std::optional<RegistrationId> id;
    while (insert_.step()) {
        id = insert_.integer(0);
    }
    insert_.reset();
    return id;
}

void RegistrationTable::update(const RegistrationRow& row, Instant now) {
    update_
        .bind(row.entra_user_id, row.upn, to_column(row.registered_at), static_cast<int>(row.state), row.domain_id,
              row.rid, static_cast<int>(row.account), to_column(row.looked_up_at), row.method_id, row.strength,
              to_column(row.asked_at), to_column(row.known_at), to_column(now), row.id)
        .run();
}

std::optional<RegistrationRow> RegistrationTable::find(RegistrationId id) {
    std::vector<RegistrationRow> rows = registrations(by_id_.bind(id));
    return rows.empty() ? std::nullopt : std::optional{std::move(rows.front())};
}

std::vector<RegistrationRow> RegistrationTable::in_state(RegistrationState state) {
    return registrations(by_state_.bind(static_cast<int>(state)));
}

std::vector<RegistrationRow> RegistrationTable::pending_of(std::string_view entra_user_id, entra::KeyKind kind) {
    return registrations(pending_.bind(entra_user_id, static_cast<int>(kind)));
}

std::vector<RegistrationRow> RegistrationTable::matchable_of(std::string_view entra_user_id, entra::KeyKind kind) {
    return registrations(matchable_.bind(entra_user_id, static_cast<int>(kind)));
}

std::vector<RegistrationRow> RegistrationTable::withdrawn_unexplained(std::string_view entra_user_id,
                                                                      entra::KeyKind kind) {
    return registrations(withdrawn_.bind(entra_user_id, static_cast<int>(kind)));
}

void RegistrationTable::forget_ended_before(Instant limit,
                                            const std::function<void(const RegistrationRow&)>& withdrawn) {
    for (const RegistrationRow& row : registrations(expired_.bind(to_column(limit)))) {
        if (row.state == RegistrationState::withdrawn) {
            withdrawn(row);
        }
        delete_.bind(row.id).run();
    }
}

DeletionTable::DeletionTable(Database& database)
    : insert_(database.prepare("INSERT INTO deletions (event_id, entra_user_id, upn, kind, deleted_at, open) "
                               "VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING RETURNING 1")),
      set_user_(database.prepare("UPDATE deletions SET entra_user_id = ?2 WHERE event_id = ?1")),
      close_(database.prepare("UPDATE deletions SET open = 0, withdrew = ?2 WHERE event_id = ?1")),
      reopen_(database.prepare("UPDATE deletions SET open = 1, withdrew = NULL WHERE withdrew = ?")),
      open_of_(database.prepare(std::string{deletion_columns} +
                                "WHERE entra_user_id = ? AND kind = ? AND open = 1 ORDER BY deleted_at, event_id")),
      open_(database.prepare(std::string{deletion_columns} + "WHERE open = 1 ORDER BY deleted_at, event_id")),
      forget_(database.prepare("DELETE FROM deletions WHERE deleted_at < ?")) {}

bool DeletionTable::insert(const DeletionRow& row) {
    insert_.bind(row.event_id, row.entra_user_id, row.upn, static_cast<int>(row.kind), to_column(row.deleted_at));
    bool inserted = false;
    while (insert_.step()) {
        inserted = true;
    }
    insert_.reset();
    return inserted;
}

void DeletionTable::set_user(std::string_view event_id, std::string_view entra_user_id) {
    set_user_.bind(event_id, entra_user_id).run();
}

void DeletionTable::close(std::string_view event_id, std::optional<RegistrationId> withdrew) {
    close_.bind(event_id, withdrew).run();
}

void DeletionTable::reopen(RegistrationId withdrew) {
    reopen_.bind(withdrew).run();
}

std::vector<DeletionRow> DeletionTable::open_of(std::string_view entra_user_id, entra::KeyKind kind) {
    return deletions(open_of_.bind(entra_user_id, static_cast<int>(kind)));
}

std::vector<DeletionRow> DeletionTable::open() {
    open_.reset();
    return deletions(open_);
}

void DeletionTable::forget_before(Instant limit) {
    forget_.bind(to_column(limit)).run();
}

EntraUserTable::EntraUserTable(Database& database)
    : save_(database.prepare("INSERT OR REPLACE INTO entra_users (id, upn, scope, domain_id, rid, immutable_id, "
                             "provisioning_errors, fetched_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")),
      by_id_(database.prepare(std::string{entra_user_columns} + "WHERE id = ?")),
      by_upn_(database.prepare(std::string{entra_user_columns} + "WHERE upn = ? LIMIT 1")),
      by_rid_(database.prepare(std::string{entra_user_columns} + "WHERE domain_id = ? AND rid = ? LIMIT 1")),
      by_immutable_(database.prepare(std::string{entra_user_columns} + "WHERE immutable_id = ? LIMIT 1")) {}

void EntraUserTable::save(const EntraUserRow& row) {
    save_
        .bind(row.id, row.upn, static_cast<int>(row.scope), row.domain_id, row.rid, to_column(row.immutable_id),
              row.provisioning_errors, to_column(row.fetched_at))
        .run();
}

std::optional<EntraUserRow> EntraUserTable::find(std::string_view id) {
    return one_entra_user(by_id_.bind(id));
}

std::optional<EntraUserRow> EntraUserTable::find_by_upn(std::string_view upn) {
    return one_entra_user(by_upn_.bind(upn));
}

std::optional<EntraUserRow> EntraUserTable::find_by_rid(DomainId domain, std::uint32_t rid) {
    return one_entra_user(by_rid_.bind(domain, rid));
}

std::optional<EntraUserRow> EntraUserTable::find_by_immutable_id(const ldap::Guid& immutable_id) {
    return one_entra_user(by_immutable_.bind(std::span<const std::byte>{immutable_id.bytes}));
}

MetaTable::MetaTable(Database& database)
    : get_(database.prepare("SELECT value FROM meta WHERE name = ?")),
      set_(database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)")) {}

std::optional<std::int64_t> MetaTable::get(std::string_view name) {
    get_.bind(name);
    std::optional<std::int64_t> value;
    if (get_.step()) {
        value = get_.integer(0);
    }
    get_.reset();
    return value;
}

void MetaTable::set(std::string_view name, std::int64_t value) {
    set_.bind(name, value).run();
}

TextTable::TextTable(Database& database)
    : get_(database.prepare("SELECT value FROM texts WHERE name = ?")),
      set_(database.prepare("INSERT OR REPLACE INTO texts (name, value) VALUES (?, ?)")) {}

std::optional<std::string> TextTable::get(std::string_view name) {
    get_.bind(name);
    std::optional<std::string> value;
    if (get_.step()) {
        value = get_.text(0);
    }
    get_.reset();
    return value;
}

void TextTable::set(std::string_view name, std::string_view value) {
    set_.bind(name, value).run();
}

}  // namespace keysyncd::daemon
