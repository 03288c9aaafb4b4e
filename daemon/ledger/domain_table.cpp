#include "daemon/ledger/domain_table.hpp"

#include "daemon/ledger/column.hpp"

namespace keysyncd::daemon {

DomainTable::DomainTable(Database& database)
    : database_(&database),
      insert_(database.prepare("INSERT INTO domains (name, baseline_before) VALUES (?, ?) ON CONFLICT DO NOTHING")),
      select_(database.prepare("SELECT id, name, domain_sid, base_dn, baseline_before, first_pass_done, last_pass, "
                               "last_sweep, last_write, last_cloud_write, fido_written_back FROM domains "
                               "WHERE name = ?")),
      update_(database.prepare(
          "UPDATE domains SET domain_sid = ?, base_dn = ?, baseline_before = ?, first_pass_done = ?, last_pass = ?, "
          "last_sweep = ?, last_write = ?, last_cloud_write = ?, fido_written_back = ? "
          "WHERE id = ?")),
      cursors_(database.prepare(
          "SELECT server, invocation_id, usn, dirsync_cookie, newest_usn FROM cursors WHERE domain_id = ? "
          "ORDER BY stored, server")),
      save_cursor_(database.prepare("INSERT OR REPLACE INTO cursors (domain_id, server, invocation_id, usn, "
                                    "dirsync_cookie, newest_usn, stored) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
                                    "(SELECT coalesce(max(stored), 0) + 1 FROM cursors WHERE domain_id = ?1))")),
      drop_cursor_(database.prepare("DELETE FROM cursors WHERE domain_id = ? AND server = ?")) {}

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
        .bind(std::span<const std::byte>{sid}, row.base_dn, to_column(row.baseline_before), row.first_pass_done,
              to_column(row.last_pass), to_column(row.last_sweep), to_column(row.last_write),
              to_column(row.last_cloud_write), row.fido_written_back, row.id)
        .run();
}

std::int64_t DomainTable::count() {
    return database_->scalar("SELECT count(*) FROM domains");
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
        cursor.newest_usn = static_cast<std::uint64_t>(cursors_.integer(4));
        found.push_back(std::move(cursor));
    }
    cursors_.reset();
    return found;
}

void DomainTable::save_cursor(DomainId id, const ldap::DirectoryCursor& cursor) {
    save_cursor_
        .bind(id, cursor.server, std::span<const std::byte>{cursor.invocation_id.bytes}, cursor.usn,
              std::as_bytes(std::span{cursor.dirsync_cookie}), cursor.newest_usn)
        .run();
}

void DomainTable::drop_cursor(DomainId id, const std::string& server) {
    drop_cursor_.bind(id, server).run();
}

}  // namespace keysyncd::daemon
