#include "daemon/ledger/entra_user_table.hpp"

#include "daemon/ledger/column.hpp"

namespace keysyncd::daemon {
namespace {

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

}  // namespace keysyncd::daemon
