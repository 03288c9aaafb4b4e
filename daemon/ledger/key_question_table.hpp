// The ledger's rows about keys that Entra is still to be asked about: those that appeared while the daemon looked on,
// those that were missing in an answer, and unmatched ones. Typed access, no decisions. The ledger's thread only; every
// change belongs to the caller's transaction.
#pragma once

#include <optional>
#include <vector>

#include "daemon/ledger/ledger_rows.hpp"
#include "daemon/ledger/sqlite.hpp"

namespace keysyncd::daemon {

struct KeyQuestionRow {
    UserId user_id = 0;
    std::vector<std::byte> key_id;
    Instant due_at;
    bool news = false;  ///< it appeared while we looked on, and Entra has not told of it yet
    std::optional<Instant> missing_since;
};

class KeyQuestionTable {
  public:
    explicit KeyQuestionTable(Database& database);

    void save(const KeyQuestionRow& row);
    [[nodiscard]] std::vector<KeyQuestionRow> of_user(UserId user);
    /// The longest due first.
    [[nodiscard]] std::vector<KeyQuestionRow> due(Instant now, std::size_t most);
    void postpone(UserId user, Instant until);
    /// A row that is there becomes due now.
    void hasten(UserId user, std::span<const std::byte> key_id, Instant now);
    void erase(UserId user, std::span<const std::byte> key_id);
    void forget_before(Instant limit);

  private:
    Statement save_, of_user_, due_, postpone_, hasten_, erase_, forget_;
};

}  // namespace keysyncd::daemon
