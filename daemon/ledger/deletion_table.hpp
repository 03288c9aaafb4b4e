// Keys deleted in Entra ID, by their audit events.
// Typed access, no decisions. The ledger's thread only; every change belongs to the caller's transaction.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "daemon/ledger/ledger_rows.hpp"
#include "daemon/ledger/sqlite.hpp"

namespace keysyncd::daemon {

class DeletionTable {
  public:
    explicit DeletionTable(Database& database);

    /// True when the event is new.
    [[nodiscard]] bool insert(const DeletionRow& row);
    /// Gives an event that named only a user principal name its user.
    void set_user(std::string_view event_id, std::string_view entra_user_id);
    /// `withdrew`: the registration that it was taken to end, if that was it.
    void close(std::string_view event_id, std::optional<RegistrationId> withdrew);
    /// The registration arrived after all: the deletion meant another key.
    void reopen(RegistrationId withdrew);
    [[nodiscard]] std::vector<DeletionRow> open_of(std::string_view entra_user_id, entra::KeyKind kind);
    [[nodiscard]] std::vector<DeletionRow> open();
    void forget_before(Instant limit);

  private:
    Statement insert_, set_user_, close_, reopen_, open_of_, open_, forget_;
};

}  // namespace keysyncd::daemon
