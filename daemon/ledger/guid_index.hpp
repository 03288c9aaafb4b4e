// Users by objectGUID in memory, instead of the file's index, while a whole directory is read for the first time: GUIDs
// come in no order, and a million of them in a tree on disk cost more than all other work of the ledger. The file's
// index is then written once, sorted. For one domain; the ledger's thread only.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>

#include "daemon/ledger/ledger_rows.hpp"
#include "daemon/ledger/sqlite.hpp"

namespace keysyncd::daemon {

class GuidIndex {
  public:
    explicit GuidIndex(Database& database) : database_(&database) {}

    [[nodiscard]] std::optional<UserId> find(const ldap::Guid& guid);
    void insert(const ldap::Guid& guid, UserId user);
    /// Rows were undone: the next call reads what is left.
    void forget() noexcept { read_ = false; }

  private:
    struct Hash {
        using is_avalanching = void;
        std::size_t operator()(const ldap::Guid& guid) const noexcept;
    };

    void read();

    Database* database_;
    bool read_ = false;
    boost::unordered_flat_map<ldap::Guid, UserId, Hash> users_;
};

}  // namespace keysyncd::daemon
