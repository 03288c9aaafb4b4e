#include "daemon/ledger/user_table.hpp"

#include "daemon/ledger/column.hpp"
#include "daemon/ledger/ledger_schema.hpp"

namespace keysyncd::daemon {
namespace {

constexpr const char* user_columns =
    "SELECT id, domain_id, guid, rid, consistency_guid, dn, upn, sam, flags, fingerprint FROM users ";

constexpr const char* new_user =
    "INSERT INTO users (domain_id, guid, rid, consistency_guid, dn, upn, sam, flags, fingerprint) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";

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

}  // namespace

UserTable::UserTable(Database& database)
    : database_(&database),
      by_guid_(database.prepare(std::string{user_columns} + "WHERE guid = ? AND domain_id = ?")),
      by_id_(database.prepare(std::string{user_columns} + "WHERE id = ?")),
      with_guid_(database.prepare(std::string{user_columns} + "WHERE guid = ?")),
      by_rid_(
          database.prepare(std::string{user_columns} + "WHERE domain_id = ? AND rid = ? ORDER BY flags & 4 LIMIT 1")),
      by_immutable_(database.prepare(std::string{user_columns} + "WHERE guid = ? ORDER BY flags & 4 LIMIT 1")),
      insert_(database.prepare(std::string{new_user} + " ON CONFLICT (guid, domain_id) DO NOTHING")),
      load_(database.prepare(new_user)),
      update_(database.prepare("UPDATE users SET rid = ?, consistency_guid = ?, dn = ?, upn = ?, sam = ?, flags = ?, "
                               "fingerprint = ? WHERE id = ?")),
      highest_(database.prepare("SELECT max(id) FROM users")),
      present_(database.prepare("SELECT id FROM users WHERE domain_id = ? AND flags & 4 = 0 ORDER BY id")),
      forget_fingerprints_(database.prepare("UPDATE users SET fingerprint = 0 WHERE domain_id = ?")) {}

std::optional<UserRow> UserTable::find(DomainId domain, const ldap::Guid& guid) {
    if (loading_) {
        auto user = find_loaded(guid);
        return user && user->domain_id == domain ? std::move(user) : std::nullopt;
    }
    return one_user(by_guid_.bind(std::span<const std::byte>{guid.bytes}, domain));
}

std::optional<UserRow> UserTable::find(UserId id) {
    return one_user(by_id_.bind(id));
}

std::vector<UserRow> UserTable::with_guid(const ldap::Guid& guid) {
    std::vector<UserRow> rows;
    if (loading_) {
        if (auto user = find_loaded(guid)) {
            rows.push_back(std::move(*user));
        }
        return rows;
    }
    with_guid_.bind(std::span<const std::byte>{guid.bytes});
    while (with_guid_.step()) {
        rows.push_back(user_row(with_guid_));
    }
    with_guid_.reset();
    return rows;
}

std::optional<UserRow> UserTable::find_by_rid(DomainId domain, std::uint32_t rid) {
    return one_user(by_rid_.bind(domain, rid));
}

std::optional<UserRow> UserTable::find_by_immutable_id(const ldap::Guid& immutable_id) {
    return loading_ ? find_loaded(immutable_id)
                    : one_user(by_immutable_.bind(std::span<const std::byte>{immutable_id.bytes}));
}

std::optional<UserId> UserTable::insert(const UserRow& row) {
    if (loading_ && loading_->find(row.guid)) {
        return std::nullopt;
    }
    (loading_ ? load_ : insert_)
        .bind(row.domain_id, std::span<const std::byte>{row.guid.bytes}, row.rid, to_column(row.consistency_guid),
              row.dn, row.upn, row.sam, row.flags, row.fingerprint)
        .run();
    if (database_->changes() == 0) {
        return std::nullopt;
    }
    const UserId id = database_->last_insert_id();
    if (loading_) {
        loading_->insert(row.guid, id);
    }
    return id;
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

void UserTable::pack() {
    database_->execute(loading_ ? "REINDEX users_rid" : "REINDEX users_guid; REINDEX users_rid");
}

void UserTable::begin_load() {
    if (!loading_) {
        database_->execute("DROP INDEX IF EXISTS users_guid");
        loading_.emplace(*database_);
    }
}

void UserTable::end_load() {
    if (loading_) {
        database_->execute(index_users_by_guid);
        loading_.reset();
    }
}

void UserTable::rolled_back() noexcept {
    if (loading_) {
        loading_->forget();
    }
}

std::optional<UserRow> UserTable::find_loaded(const ldap::Guid& guid) {
    const auto id = loading_->find(guid);
    return id ? find(*id) : std::nullopt;
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

}  // namespace keysyncd::daemon
