// Keys registered in Entra ID, by their audit events or methods.
// Typed access, no decisions. The ledger's thread only; every change belongs to the caller's transaction.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/ledger/ledger_rows.hpp"
#include "daemon/ledger/sqlite.hpp"

namespace keysyncd::daemon {

class RegistrationTable {
  public:
    explicit RegistrationTable(Database& database);

    /// The new row's id; std::nullopt when the event is known already.
    [[nodiscard]] std::optional<RegistrationId> insert(const RegistrationRow& row, Instant now);
    void update(const RegistrationRow& row, Instant now);
    [[nodiscard]] std::optional<RegistrationRow> find(RegistrationId id);
    [[nodiscard]] std::vector<RegistrationRow> in_state(RegistrationState state);
    /// Oldest first.
    [[nodiscard]] std::vector<RegistrationRow> pending_of(std::string_view entra_user_id, entra::KeyKind kind);
    /// Pending and withdrawn ones, oldest first: a withdrawn key may have been on its way already.
    [[nodiscard]] std::vector<RegistrationRow> matchable_of(std::string_view entra_user_id, entra::KeyKind kind);
    /// Pending, arrived and withdrawn ones.
    [[nodiscard]] std::vector<RegistrationRow> resolved_of(std::string_view entra_user_id, entra::KeyKind kind);
    /// Each is known by the other's event from now on.
    void swap_events(const RegistrationRow& one, const RegistrationRow& other);
    /// Withdrawn ones that no deletion event explains (yet): Entra's methods told it. Oldest first.
    [[nodiscard]] std::vector<RegistrationRow> withdrawn_unexplained(std::string_view entra_user_id,
                                                                     entra::KeyKind kind);
    /// Ended ones (arrived, withdrawn, out of scope) last changed before the limit are deleted, withdrawn ones told.
    void forget_ended_before(Instant limit, const std::function<void(const RegistrationRow&)>& withdrawn);

  private:
    Statement insert_, update_, by_id_, by_state_, matchable_, resolved_, name_event_, pending_, withdrawn_, expired_,
        delete_;
};

}  // namespace keysyncd::daemon
