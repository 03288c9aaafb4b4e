// Users of Entra ID, and where in the directory they are.
// Typed access, no decisions. The ledger's thread only; every change belongs to the caller's transaction.
#pragma once

#include <optional>
#include <string_view>

#include "daemon/ledger/ledger_rows.hpp"
#include "daemon/ledger/sqlite.hpp"

namespace keysyncd::daemon {

class EntraUserTable {
  public:
    explicit EntraUserTable(Database& database);

    void save(const EntraUserRow& row);
    [[nodiscard]] std::optional<EntraUserRow> find(std::string_view id);
    [[nodiscard]] std::optional<EntraUserRow> find_by_upn(std::string_view upn);
    [[nodiscard]] std::optional<EntraUserRow> find_by_rid(DomainId domain, std::uint32_t rid);
    [[nodiscard]] std::optional<EntraUserRow> find_by_immutable_id(const ldap::Guid& immutable_id);

  private:
    Statement save_, by_id_, by_upn_, by_rid_, by_immutable_;
};

}  // namespace keysyncd::daemon
