#include "daemon/ledger/key_table.hpp"

#include "daemon/ledger/column.hpp"

namespace keysyncd::daemon {
namespace {

constexpr const char* key_columns =
    "SELECT k.user_id, k.key_id, k.usage, k.source, k.state, k.created_at, "
    "coalesce(k.written_earliest, k.written_latest), k.written_latest, "
    "k.precision, k.delay, k.removed_at, k.registration_id, k.device_id, k.findings, k.deletion_known";

KeyRow key_row(const Statement& row) {
    KeyRow key;
    key.user_id = row.integer(0);
    const auto id = row.blob(1);
    key.key_id.assign(id.begin(), id.end());
    key.usage = enumeration_column<ldap::KeyUsage>(row, 2);
    key.source = enumeration_column<ldap::KeySource>(row, 3);
    key.state = enumeration_column<KeyState>(row, 4);
    key.created_at = optional_instant_column(row, 5);
    key.written_earliest = optional_instant_column(row, 6);
    key.written_latest = optional_instant_column(row, 7);
    key.precision = enumeration_column<metrics::Precision>(row, 8);
    if (!row.is_null(9)) {
        key.delay = Ticks{row.integer(9)};
    }
    key.removed_at = optional_instant_column(row, 10);
    key.registration_id = row.optional_integer(11);
    key.device_id = ldap::Guid::from_bytes(row.blob(12));
    key.findings = static_cast<std::uint32_t>(row.integer(13));
    key.deletion_known = row.integer(14) != 0;
    return key;
}

}  // namespace

KeyTable::KeyTable(Database& database)
    : database_(&database),
      of_user_(database.prepare(std::string{key_columns} + " FROM keys k WHERE k.user_id = ? ORDER BY k.key_id")),
      save_(database.prepare(
          "INSERT OR REPLACE INTO keys (user_id, key_id, usage, source, state, created_at, written_earliest, "
          "written_latest, precision, delay, removed_at, registration_id, device_id, findings, deletion_known) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")),
      expired_(database.prepare(std::string{key_columns} + ", u.domain_id FROM keys k JOIN users u ON u.id = k.user_id "
                                                           "WHERE k.state = 3 AND k.removed_at < ?")),
      delete_(database.prepare("DELETE FROM keys WHERE user_id = ? AND key_id = ?")),
      others_(database.prepare(std::string{key_columns} + ", u.domain_id FROM keys k JOIN users u ON u.id = k.user_id "
                                                          "WHERE k.key_id = ? AND k.state <> 3 AND k.user_id <> ?")),
      shared_(database.prepare("SELECT key_id FROM keys WHERE state <> 3 GROUP BY key_id HAVING count(*) > 1")),
      clear_findings_(database.prepare("UPDATE keys SET findings = findings & ~?1 WHERE findings & ?1 <> 0 "
                                       "AND user_id IN (SELECT id FROM users WHERE domain_id = ?2)")) {}

std::vector<KeyRow> KeyTable::of_user(UserId user) {
    std::vector<KeyRow> rows;
    of_user_.bind(user);
    while (of_user_.step()) {
        rows.push_back(key_row(of_user_));
    }
    of_user_.reset();
    return rows;
}

void KeyTable::save(const KeyRow& row) {
    // An exact time, or one that is history, is stored once.
    const auto earliest = row.written_earliest == row.written_latest ? std::nullopt : row.written_earliest;
    const std::optional<std::int64_t> delay = row.delay ? std::optional{row.delay->count()} : std::nullopt;
    save_
        .bind(row.user_id, std::span<const std::byte>{row.key_id}, static_cast<int>(row.usage),
              static_cast<int>(row.source), static_cast<int>(row.state), to_column(row.created_at), to_column(earliest),
              to_column(row.written_latest), static_cast<int>(row.precision), delay, to_column(row.removed_at),
              row.registration_id, to_column(row.device_id), row.findings, row.deletion_known)
        .run();
}

void KeyTable::forget_removed_before(Instant limit, const std::function<void(DomainId, const KeyRow&)>& visit) {
    std::vector<KeyRow> rows;
    expired_.bind(to_column(limit));
    while (expired_.step()) {
        rows.push_back(key_row(expired_));
        visit(expired_.integer(15), rows.back());
    }
    expired_.reset();
    for (const KeyRow& row : rows) {
        delete_.bind(row.user_id, std::span<const std::byte>{row.key_id}).run();
    }
}

bool KeyTable::ids_are_indexed() {
    return database_->scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'keys_live'") > 0;
}

void KeyTable::index_ids() {
    // With the state, as SQLite would else look into every row for what the index' own condition says.
    database_->execute("CREATE INDEX keys_live ON keys (key_id, state) WHERE state <> 3");
}

void KeyTable::each_other_carrier(std::span<const std::byte> key_id, UserId user,
                                  const std::function<bool(DomainId, KeyRow&&)>& visit) {
    others_.bind(key_id, user);
    while (others_.step() && visit(others_.integer(15), key_row(others_))) {
    }
    others_.reset();
}

std::vector<std::vector<std::byte>> KeyTable::shared_ids() {
    std::vector<std::vector<std::byte>> ids;
    while (shared_.step()) {
        const auto id = shared_.blob(0);
        ids.emplace_back(id.begin(), id.end());
    }
    shared_.reset();
    return ids;
}

void KeyTable::clear_findings(DomainId domain, std::uint32_t findings) {
    clear_findings_.bind(findings, domain).run();
}

}  // namespace keysyncd::daemon
