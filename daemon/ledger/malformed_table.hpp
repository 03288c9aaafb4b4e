// Values that did not decode, so that each is counted once.
// Typed access, no decisions. The ledger's thread only; every change belongs to the caller's transaction.
#pragma once

#include "daemon/ledger/ledger_rows.hpp"
#include "daemon/ledger/sqlite.hpp"

namespace keysyncd::daemon {

class MalformedTable {
  public:
    explicit MalformedTable(Database& database);
    /// True the first time.
    [[nodiscard]] bool remember(DomainId domain, const ldap::Guid& guid, std::uint64_t value_hash);

  private:
    Statement insert_;
};

}  // namespace keysyncd::daemon
