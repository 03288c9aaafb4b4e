#include "daemon/directory_tables.hpp"

#include "daemon/column.hpp"

namespace keysyncd::daemon {
namespace {

constexpr const char* user_columns =
    "SELECT id, domain_id, guid, rid, consistency_guid, dn, upn, sam, flags, fingerprint FROM users ";

UserRow user_row(const Statement& row) {
    UserRow user;
    user.id = row.integer(0);
    user.domain_id = row.integer(1);
    user.guid = ldap::Guid::from_bytes(row.blob(2)).value_or(ldap::Guid{});
    user.rid = static_cast<std::uint32_t>(row.integer(3));
    user.consistency_guid = ldap::Guid::from_bytes(row.blob(4));
    user.dn = row.text(5);
    user.upn = row.text(6);
    user.sam = row.text(7);
    user.flags = static_cast<std::uint32_t>(row.integer(8));
    user.fingerprint = row.integer(9);
    return user;
}

std::optional<UserRow> one_user(Statement& statement) {
    std::optional<UserRow> user;
    if (statement.step()) {
        user = user_row(statement);
    }
    statement.reset();
    return user;
}

constexpr const char* key_columns =
    "SELECT k.user_id, k.key_id, k.usage, k.source, k.state, k.created_at, k.written_earliest, k.written_latest, "
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

DomainTable::DomainTable(Database& database)
    : insert_(database.prepare("INSERT INTO domains (name, baseline_before) VALUES (?, ?) ON CONFLICT DO NOTHING")),
      select_(database.prepare("SELECT id, name, domain_sid, base_dn, baseline_before, first_pass_done, last_pass, "
                               "last_sweep, last_write, last_cloud_write, fido_written_back FROM domains "
                               "WHERE name = ?")),
      update_(database.prepare("UPDATE domains SET domain_sid = ?, base_dn = ?, first_pass_done = ?, last_pass = ?, "
                               "last_sweep = ?, last_write = ?, last_cloud_write = ?, fido_written_back = ? "
                               "WHERE id = ?")),
      cursors_(database.prepare(
          "SELECT server, invocation_id, usn, dirsync_cookie FROM cursors WHERE domain_id = ? ORDER BY server")),
      save_cursor_(database.prepare("INSERT OR REPLACE INTO cursors (domain_id, server, invocation_id, usn, "
                                    "dirsync_cookie) VALUES (?, ?, ?, ?, ?)")) {}

DomainRow DomainTable::open(const std::string& name, Instant baseline_before) {
    insert_.bind(name, to_column(baseline_before)).run();
    DomainRow domain;
    select_.bind(name);
    if (select_.step()) {
        domain.id = select_.integer(0);
        domain.name = select_.text(1);
        domain.sid = ldap::Sid::from_bytes(select_.blob(2)).value_or(ldap::Sid{});
        domain.base_dn = select_.text(3);
        domain.baseline_before = instant_column(select_, 4);
        domain.first_pass_done = select_.integer(5) != 0;
        domain.last_pass = optional_instant_column(select_, 6);
        domain.last_sweep = optional_instant_column(select_, 7);
        domain.last_write = optional_instant_column(select_, 8);
        domain.last_cloud_write = optional_instant_column(select_, 9);
        domain.fido_written_back = select_.integer(10) != 0;
    }
    select_.reset();
    return domain;
}

void DomainTable::save(const DomainRow& row) {
    const std::vector<std::byte> sid = row.sid.to_bytes();
    update_
        .bind(std::span<const std::byte>{sid}, row.base_dn, row.first_pass_done, to_column(row.last_pass),
              to_column(row.last_sweep), to_column(row.last_write), to_column(row.last_cloud_write),
              row.fido_written_back, row.id)
        .run();
}

std::vector<ldap::DirectoryCursor> DomainTable::cursors(DomainId id) {
    std::vector<ldap::DirectoryCursor> found;
    cursors_.bind(id);
    while (cursors_.step()) {
        ldap::DirectoryCursor cursor;
        cursor.server = cursors_.text(0);
        cursor.invocation_id = ldap::Guid::from_bytes(cursors_.blob(1)).value_or(ldap::Guid{});
        cursor.usn = static_cast<std::uint64_t>(cursors_.integer(2));
        const auto cookie = cursors_.blob(3);
        cursor.dirsync_cookie.assign(reinterpret_cast<const char*>(cookie.data()), cookie.size());
        found.push_back(std::move(cursor));
    }
    cursors_.reset();
    return found;
}

void DomainTable::save_cursor(DomainId id, const ldap::DirectoryCursor& cursor) {
    save_cursor_
        .bind(id, cursor.server, std::span<const std::byte>{cursor.invocation_id.bytes}, cursor.usn,
              std::as_bytes(std::span{cursor.dirsync_cookie}))
        .run();
}

UserTable::UserTable(Database& database)
    : database_(&database),
      by_guid_(database.prepare(std::string{user_columns} + "WHERE guid = ? AND domain_id = ?")),
      by_id_(database.prepare(std::string{user_columns} + "WHERE id = ?")),
      elsewhere_(database.prepare(std::string{user_columns} + "WHERE guid = ? AND domain_id <> ? LIMIT 1")),
      by_rid_(
          database.prepare(std::string{user_columns} + "WHERE domain_id = ? AND rid = ? ORDER BY flags & 4 LIMIT 1")),
      by_immutable_(database.prepare(std::string{user_columns} + "WHERE guid = ? ORDER BY flags & 4 LIMIT 1")),
      insert_(database.prepare("INSERT INTO users (domain_id, guid, rid, consistency_guid, dn, upn, sam, flags, "
                               "fingerprint) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")),
      update_(database.prepare("UPDATE users SET rid = ?, consistency_guid = ?, dn = ?, upn = ?, sam = ?, flags = ?, "
                               "fingerprint = ? WHERE id = ?")),
      highest_(database.prepare("SELECT max(id) FROM users")),
      present_(database.prepare("SELECT id FROM users WHERE domain_id = ? AND flags & 4 = 0 ORDER BY id")),
      forget_fingerprints_(database.prepare("UPDATE users SET fingerprint = 0 WHERE domain_id = ?")) {}

std::optional<UserRow> UserTable::find(DomainId domain, const ldap::Guid& guid) {
    return one_user(by_guid_.bind(std::span<const std::byte>{guid.bytes}, domain));
}

std::optional<UserRow> UserTable::find(UserId id) {
    return one_user(by_id_.bind(id));
}

std::optional<UserRow> UserTable::find_elsewhere(DomainId domain, const ldap::Guid& guid) {
    return one_user(elsewhere_.bind(std::span<const std::byte>{guid.bytes}, domain));
}

std::optional<UserRow> UserTable::find_by_rid(DomainId domain, std::uint32_t rid) {
    return one_user(by_rid_.bind(domain, rid));
}

std::optional<UserRow> UserTable::find_by_immutable_id(const ldap::Guid& immutable_id) {
    return one_user(by_immutable_.bind(std::span<const std::byte>{immutable_id.bytes}));
}

UserId UserTable::insert(const UserRow& row) {
    insert_
        .bind(row.domain_id, std::span<const std::byte>{row.guid.bytes}, row.rid, to_column(row.consistency_guid),
              row.dn, row.upn, row.sam, row.flags, row.fingerprint)
        .run();
    return database_->last_insert_id();
}

void UserTable::update(const UserRow& row) {
    update_.bind(row.rid, to_column(row.consistency_guid), row.dn, row.upn, row.sam, row.flags, row.fingerprint, row.id)
        .run();
}

std::int64_t UserTable::highest_id() {
    highest_.reset();
    const std::int64_t id = highest_.step() ? highest_.integer(0) : 0;
    highest_.reset();
    return id;
}

void UserTable::forget_fingerprints(DomainId domain) {
    forget_fingerprints_.bind(domain).run();
}

void UserTable::each_carrier(DomainId domain, const std::function<void(UserId)>& visit) {
    present_.bind(domain);
    while (present_.step()) {
        visit(present_.integer(0));
    }
    present_.reset();
}

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
    const std::optional<std::int64_t> delay = row.delay ? std::optional{row.delay->count()} : std::nullopt;
    save_
        .bind(row.user_id, std::span<const std::byte>{row.key_id}, static_cast<int>(row.usage),
              static_cast<int>(row.source), static_cast<int>(row.state), to_column(row.created_at),
              to_column(row.written_earliest), to_column(row.written_latest), static_cast<int>(row.precision), delay,
              to_column(row.removed_at), row.registration_id, to_column(row.device_id), row.findings,
              row.deletion_known)
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
    database_->execute("CREATE INDEX keys_live ON keys (key_id) WHERE state <> 3");
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

MalformedTable::MalformedTable(Database& database)
    : insert_(database.prepare("INSERT INTO malformed (domain_id, guid, value_hash) VALUES (?, ?, ?) "
                               "ON CONFLICT DO NOTHING RETURNING 1")) {}

bool MalformedTable::remember(DomainId domain, const ldap::Guid& guid, std::uint64_t value_hash) {
    insert_.bind(domain, std::span<const std::byte>{guid.bytes}, value_hash);
    bool first = false;
    while (insert_.step()) {
        first = true;
    }
    insert_.reset();
    return first;
}

AwaitedTable::AwaitedTable(Database& database)
    : insert_(database.prepare("INSERT OR IGNORE INTO awaited (domain_id, server, guid, key_id, written_at) "
                               "VALUES (?, ?, ?, ?, ?)")),
      select_(database.prepare("SELECT guid, key_id, written_at FROM awaited WHERE domain_id = ? AND server = ?")),
      erase_(database.prepare("DELETE FROM awaited WHERE domain_id = ? AND server = ? AND guid = ? AND key_id = ?")),
      forget_(database.prepare("DELETE FROM awaited WHERE written_at < ?")) {}

void AwaitedTable::insert(DomainId domain, std::string_view server, const Row& row) {
    insert_
        .bind(domain, server, std::span<const std::byte>{row.key.user.bytes},
              std::span<const std::byte>{row.key.key_id}, to_column(row.written_at))
        .run();
}

std::vector<AwaitedTable::Row> AwaitedTable::of(DomainId domain, std::string_view server) {
    std::vector<Row> rows;
    select_.bind(domain, server);
    while (select_.step()) {
        const auto key_id = select_.blob(1);
        rows.push_back(
            {{ldap::Guid::from_bytes(select_.blob(0)).value_or(ldap::Guid{}), {key_id.begin(), key_id.end()}},
             instant_column(select_, 2)});
    }
    select_.reset();
    return rows;
}

void AwaitedTable::erase(DomainId domain, std::string_view server, const ldap::AwaitedKey& key) {
    erase_.bind(domain, server, std::span<const std::byte>{key.user.bytes}, std::span<const std::byte>{key.key_id})
        .run();
}

void AwaitedTable::forget_before(Instant limit) {
    forget_.bind(to_column(limit)).run();
}

}  // namespace keysyncd::daemon
