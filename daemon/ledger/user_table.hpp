// Directory users that carry, or carried, a key.
// Typed access, no decisions. The ledger's thread only; every change belongs to the caller's transaction.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "daemon/ledger/guid_index.hpp"
#include "daemon/ledger/ledger_rows.hpp"
#include "daemon/ledger/sqlite.hpp"

namespace keysyncd::daemon {

class UserTable {
  public:
    explicit UserTable(Database& database);

    [[nodiscard]] std::optional<UserRow> find(DomainId domain, const ldap::Guid& guid);
    [[nodiscard]] std::optional<UserRow> find(UserId id);
    /// The object in every domain: in more than one where a user was moved.
    [[nodiscard]] std::vector<UserRow> with_guid(const ldap::Guid& guid);
    [[nodiscard]] std::optional<UserRow> find_by_rid(DomainId domain, std::uint32_t rid);
    [[nodiscard]] std::optional<UserRow> find_by_immutable_id(const ldap::Guid& immutable_id);
    /// std::nullopt: the domain has the user already.
    [[nodiscard]] std::optional<UserId> insert(const UserRow& row);
    void update(const UserRow& row);
    [[nodiscard]] std::int64_t highest_id();
    /// Users came in no order, which leaves a third of the pages of their indexes empty: fills them.
    void pack();
    /// Nearly every user is new from now on, and all are of one domain: keeps their GUIDs in memory instead of indexed
    /// in the file. Outside of a transaction, like end_load(), which writes the index.
    void begin_load();
    void end_load();
    [[nodiscard]] bool loading() const noexcept { return loading_.has_value(); }
    /// Rows that were inserted are undone.
    void rolled_back() noexcept;
    /// The next full sweep compares every user of the domain again.
    void forget_fingerprints(DomainId domain);
    /// Users of the domain that carry a key, in order of id.
    void each_carrier(DomainId domain, const std::function<void(UserId)>& visit);

  private:
    [[nodiscard]] std::optional<UserRow> find_loaded(const ldap::Guid& guid);

    Database* database_;
    std::optional<GuidIndex> loading_;
    Statement by_guid_, by_id_, with_guid_, by_rid_, by_immutable_, insert_, load_, update_, highest_, present_,
        forget_fingerprints_;
};

}  // namespace keysyncd::daemon
