#include "daemon/ledger/registration_table.hpp"

#include "daemon/ledger/column.hpp"

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
      resolved_(
          database.prepare(std::string{registration_columns} +
                           "WHERE entra_user_id = ? AND kind = ? AND state IN (1, 2, 3) ORDER BY registered_at, id")),
      name_event_(database.prepare("UPDATE registrations SET event_id = ? WHERE id = ?")),
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

std::vector<RegistrationRow> RegistrationTable::resolved_of(std::string_view entra_user_id, entra::KeyKind kind) {
    return registrations(resolved_.bind(entra_user_id, static_cast<int>(kind)));
}

void RegistrationTable::swap_events(const RegistrationRow& one, const RegistrationRow& other) {
    name_event_.bind("", one.id).run();  // they are unique
    name_event_.bind(one.event_id, other.id).run();
    name_event_.bind(other.event_id, one.id).run();
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

}  // namespace keysyncd::daemon
