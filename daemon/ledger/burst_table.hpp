// The ledger's rows about bursts of writes: one for each run of Entra Connect's scheduler that wrote something. They
// are what the cycle is inferred from. One thread at a time; every change belongs to the caller's transaction.
#pragma once

#include <vector>

#include "daemon/ledger/ledger_rows.hpp"
#include "daemon/ledger/sqlite.hpp"
#include "daemon/rules/cycle_model.hpp"

namespace keysyncd::daemon {

class BurstTable {
  public:
    explicit BurstTable(Database& database);

    /// The newest ones, in order of time.
    [[nodiscard]] std::vector<WriteBurst> newest(DomainId domain);
    void save(DomainId domain, const WriteBurst& burst);
    void forget_before(Instant limit);

  private:
    Statement newest_, save_, forget_;
};

}  // namespace keysyncd::daemon
