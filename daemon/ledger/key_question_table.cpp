#include "daemon/ledger/key_question_table.hpp"

#include "daemon/ledger/column.hpp"

namespace keysyncd::daemon {
namespace {

std::vector<KeyQuestionRow> rows_of(Statement& statement) {
    std::vector<KeyQuestionRow> rows;
    while (statement.step()) {
        const auto key_id = statement.blob(1);
        rows.push_back({statement.integer(0),
                        {key_id.begin(), key_id.end()},
                        instant_column(statement, 2),
                        statement.integer(3) != 0,
                        optional_instant_column(statement, 4)});
    }
    statement.reset();
    return rows;
}

}  // namespace

KeyQuestionTable::KeyQuestionTable(Database& database)
    : save_(database.prepare("INSERT OR REPLACE INTO key_questions (user_id, key_id, due_at, news, missing_since) "
                             "VALUES (?, ?, ?, ?, ?)")),
      of_user_(database.prepare("SELECT user_id, key_id, due_at, news, missing_since FROM key_questions "
                                "WHERE user_id = ? ORDER BY key_id")),
      due_(database.prepare("SELECT user_id, key_id, due_at, news, missing_since FROM key_questions "
                            "WHERE due_at <= ? ORDER BY due_at LIMIT ?")),
      postpone_(database.prepare("UPDATE key_questions SET due_at = max(due_at, ?2) WHERE user_id = ?1")),
      hasten_(database.prepare("UPDATE key_questions SET due_at = min(due_at, ?3) WHERE user_id = ?1 AND key_id = ?2")),
      erase_(database.prepare("DELETE FROM key_questions WHERE user_id = ? AND key_id = ?")),
      forget_(database.prepare("DELETE FROM key_questions WHERE due_at < ?")) {}

void KeyQuestionTable::save(const KeyQuestionRow& row) {
    save_
        .bind(row.user_id, std::span<const std::byte>{row.key_id}, to_column(row.due_at), row.news,
              to_column(row.missing_since))
        .run();
}

std::vector<KeyQuestionRow> KeyQuestionTable::of_user(UserId user) {
    return rows_of(of_user_.bind(user));
}

std::vector<KeyQuestionRow> KeyQuestionTable::due(Instant now, std::size_t most) {
    return rows_of(due_.bind(to_column(now), static_cast<std::int64_t>(most)));
}

void KeyQuestionTable::postpone(UserId user, Instant until) {
    postpone_.bind(user, to_column(until)).run();
}

void KeyQuestionTable::hasten(UserId user, std::span<const std::byte> key_id, Instant now) {
    hasten_.bind(user, key_id, to_column(now)).run();
}

void KeyQuestionTable::erase(UserId user, std::span<const std::byte> key_id) {
    erase_.bind(user, key_id).run();
}

void KeyQuestionTable::forget_before(Instant limit) {
    forget_.bind(to_column(limit)).run();
}

}  // namespace keysyncd::daemon
