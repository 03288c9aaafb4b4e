// The counts behind /metrics, kept in the ledger: a working copy that changes with the rows, written in the same
// transaction, and put back to the last committed state when that transaction fails. The ledger's thread only.
#pragma once

#include <map>
#include <string>

#include "daemon/ledger/ledger_rows.hpp"
#include "daemon/ledger/sqlite.hpp"
#include "metrics/exposition.hpp"

namespace keysyncd::daemon {

class FiguresStore {
  public:
    explicit FiguresStore(Database& database);

    /// Loads what is stored, or starts at zero.
    void add_domain(DomainId id, const std::string& name);
    [[nodiscard]] metrics::DomainFigures& of(DomainId id);
    /// Writes what differs from the last committed state; inside the caller's transaction.
    void save();
    /// After the transaction: what was saved is the truth now.
    void committed() { committed_ = working_; }
    void rolled_back() { working_ = committed_; }
    [[nodiscard]] const std::map<DomainId, metrics::DomainFigures>& committed_figures() const { return committed_; }

  private:
    std::map<DomainId, metrics::DomainFigures> committed_;
    std::map<DomainId, metrics::DomainFigures> working_;
    Statement load_;
    Statement upsert_;
};

}  // namespace keysyncd::daemon
