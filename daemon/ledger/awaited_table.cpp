#include "daemon/ledger/awaited_table.hpp"

#include "daemon/ledger/column.hpp"

namespace keysyncd::daemon {

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
