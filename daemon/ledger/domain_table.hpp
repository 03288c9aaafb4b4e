// Domains, and how far each of their controllers was read.
// Typed access, no decisions. The ledger's thread only; every change belongs to the caller's transaction.
#pragma once

#include <string>
#include <vector>

#include "daemon/ledger/ledger_rows.hpp"
#include "daemon/ledger/sqlite.hpp"
#include "ldap/domain_reader.hpp"

namespace keysyncd::daemon {

class DomainTable {
  public:
    explicit DomainTable(Database& database);

    /// The row of the domain, made with this baseline when it is new.
    [[nodiscard]] DomainRow open(const std::string& name, Instant baseline_before);
    void save(const DomainRow& row);
    /// All that were ever configured.
    [[nodiscard]] std::int64_t count();
    /// The one that was saved last comes last.
    [[nodiscard]] std::vector<ldap::DirectoryCursor> cursors(DomainId id);
    void save_cursor(DomainId id, const ldap::DirectoryCursor& cursor);
    void drop_cursor(DomainId id, const std::string& server);

  private:
    Database* database_;
    Statement insert_, select_, update_, cursors_, save_cursor_, drop_cursor_;
};

}  // namespace keysyncd::daemon
