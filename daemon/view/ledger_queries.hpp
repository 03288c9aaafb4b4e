// Reads of the ledger for people: pages of keys, one user, the cycles. Uses a connection of its own (or one given), so
// that the writing thread is never waited for. One thread at a time. Throws SqliteError.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/settings.hpp"
#include "daemon/ledger/sqlite.hpp"
#include "daemon/view/key_view.hpp"
#include "daemon/view/ledger_views.hpp"

namespace keysyncd::daemon {

class LedgerQueries {
  public:
    /// Read-only on the ledger's file.
    LedgerQueries(const config::Settings& settings, const std::filesystem::path& ledger);
    /// On a connection that someone else owns and that outlives this.
    LedgerQueries(const config::Settings& settings, Database& database);

    /// std::nullopt: the cursor is none of ours.
    [[nodiscard]] std::optional<KeyPage> keys(const KeyFilter& filter, Instant now);
    /// `name`: UPN, sAMAccountName, DN, objectGUID, SID or Entra object id; without regard to case. Several domains may
    /// know the same sAMAccountName, so there may be more than one.
    [[nodiscard]] std::vector<UserView> users(std::string_view name, Instant now);
    [[nodiscard]] std::vector<CycleView> cycles(Instant now);
    /// Users that carry a key.
    [[nodiscard]] std::uint64_t carriers();

  private:
    [[nodiscard]] std::vector<UserName> other_carriers(const LedgerViews& views, std::span<const std::byte> key_id,
                                                       UserId user);
    void add_waiting(const LedgerViews& views, UserView& user, std::string_view entra_id);

    config::Settings settings_;
    std::unique_ptr<Database> own_;
    Database* database_;
};

}  // namespace keysyncd::daemon
