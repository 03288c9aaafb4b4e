// The ledger's rows about Active Directory: domains, cursors, users, keys, malformed values.
// Typed access, no decisions. The ledger's thread only; every change belongs to the caller's transaction.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "daemon/ledger_rows.hpp"
#include "daemon/sqlite.hpp"
#include "ldap/arrival_watch.hpp"
#include "ldap/domain_reader.hpp"

namespace keysyncd::daemon {

class DomainTable {
  public:
    explicit DomainTable(Database& database);

    /// The row of the domain, made with this baseline when it is new.
    [[nodiscard]] DomainRow open(const std::string& name, Instant baseline_before);
    void save(const DomainRow& row);
    [[nodiscard]] std::vector<ldap::DirectoryCursor> cursors(DomainId id);
    void save_cursor(DomainId id, const ldap::DirectoryCursor& cursor);

  private:
    Statement insert_, select_, update_, cursors_, save_cursor_;
};

class UserTable {
  public:
    explicit UserTable(Database& database);

    [[nodiscard]] std::optional<UserRow> find(DomainId domain, const ldap::Guid& guid);
    [[nodiscard]] std::optional<UserRow> find(UserId id);
    /// The same object in another domain: a user that was moved.
    [[nodiscard]] std::optional<UserRow> find_elsewhere(DomainId domain, const ldap::Guid& guid);
    [[nodiscard]] std::optional<UserRow> find_by_rid(DomainId domain, std::uint32_t rid);
    [[nodiscard]] std::optional<UserRow> find_by_immutable_id(const ldap::Guid& immutable_id);
    [[nodiscard]] UserId insert(const UserRow& row);
    void update(const UserRow& row);
    [[nodiscard]] std::int64_t highest_id();
    /// The next full sweep compares every user of the domain again.
    void forget_fingerprints(DomainId domain);
    /// Users of the domain that carry a key, in order of id.
    void each_carrier(DomainId domain, const std::function<void(UserId)>& visit);

  private:
    Database* database_;
    Statement by_guid_, by_id_, elsewhere_, by_rid_, by_immutable_, insert_, update_, highest_, present_,
        forget_fingerprints_;
};

class KeyTable {
  public:
    explicit KeyTable(Database& database);

    [[nodiscard]] std::vector<KeyRow> of_user(UserId user);
    void save(const KeyRow& row);
    /// Removed before the limit: deleted, one call a row.
    void forget_removed_before(Instant limit, const std::function<void(DomainId, const KeyRow&)>& visit);
    /// Whether live keys can be looked up by id. A first sweep does without: kept up key by key, the index would be
    /// written many times over; made at once it costs seconds.
    [[nodiscard]] bool ids_are_indexed();
    void index_ids();
    /// With that index: live keys with this id of other users, of every domain, until `visit` returns false.
    void each_other_carrier(std::span<const std::byte> key_id, UserId user,
                            const std::function<bool(DomainId, KeyRow&&)>& visit);
    /// Ids of keys that more than one user carries.
    [[nodiscard]] std::vector<std::vector<std::byte>> shared_ids();
    /// Takes these findings from all keys of the domain.
    void clear_findings(DomainId domain, std::uint32_t findings);

  private:
    Database* database_;
    Statement of_user_, save_, expired_, delete_, others_, shared_, clear_findings_;
};

class MalformedTable {
  public:
    explicit MalformedTable(Database& database);
    /// True the first time.
    [[nodiscard]] bool remember(DomainId domain, const ldap::Guid& guid, std::uint64_t value_hash);

  private:
    Statement insert_;
};

/// New keys on their way to the servers that are watched for them.
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
