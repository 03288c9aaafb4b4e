// The ledger's rows about Entra ID: registrations, deletions, users, and a few single values.
// Typed access, no decisions. The ledger's thread only; every change belongs to the caller's transaction.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/ledger_rows.hpp"
#include "daemon/sqlite.hpp"

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
    /// Withdrawn ones that no deletion event explains (yet): Entra's methods told it. Oldest first.
    [[nodiscard]] std::vector<RegistrationRow> withdrawn_unexplained(std::string_view entra_user_id,
                                                                     entra::KeyKind kind);
    /// Ended ones (arrived, withdrawn, out of scope) last changed before the limit are deleted, withdrawn ones told.
    void forget_ended_before(Instant limit, const std::function<void(const RegistrationRow&)>& withdrawn);

  private:
    Statement insert_, update_, by_id_, by_state_, matchable_, pending_, withdrawn_, expired_, delete_;
};

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

/// Single instants and numbers by name.
class MetaTable {
  public:
    explicit MetaTable(Database& database);
    [[nodiscard]] std::optional<std::int64_t> get(std::string_view name);
    void set(std::string_view name, std::int64_t value);

  private:
    Statement get_, set_;
};

/// Single texts by name: cursors that only their source understands.
class TextTable {
  public:
    explicit TextTable(Database& database);
    [[nodiscard]] std::optional<std::string> get(std::string_view name);
    void set(std::string_view name, std::string_view value);

  private:
    Statement get_, set_;
};

}  // namespace keysyncd::daemon
