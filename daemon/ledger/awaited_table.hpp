// New keys on their way to the servers that are watched for them.
// Typed access, no decisions. The ledger's thread only; every change belongs to the caller's transaction.
#pragma once

#include <string_view>
#include <vector>

#include "daemon/ledger/ledger_rows.hpp"
#include "daemon/ledger/sqlite.hpp"
#include "ldap/arrival_watch.hpp"

namespace keysyncd::daemon {

class AwaitedTable {
  public:
    explicit AwaitedTable(Database& database);
    struct Row {
        ldap::AwaitedKey key;
        Instant written_at;
    };
    void insert(DomainId domain, std::string_view server, const Row& row);
    [[nodiscard]] std::vector<Row> of(DomainId domain, std::string_view server);
    void erase(DomainId domain, std::string_view server, const ldap::AwaitedKey& key);
    void forget_before(Instant limit);

  private:
    Statement insert_, select_, erase_, forget_;
};

}  // namespace keysyncd::daemon
