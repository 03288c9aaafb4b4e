// Keys of directory users, as they are or were.
// Typed access, no decisions. The ledger's thread only; every change belongs to the caller's transaction.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "daemon/ledger/ledger_rows.hpp"
#include "daemon/ledger/sqlite.hpp"

namespace keysyncd::daemon {

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

}  // namespace keysyncd::daemon
