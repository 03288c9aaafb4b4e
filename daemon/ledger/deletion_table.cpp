#include "daemon/ledger/deletion_table.hpp"

#include "daemon/ledger/column.hpp"

namespace keysyncd::daemon {
namespace {

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

}  // namespace

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

}  // namespace keysyncd::daemon
