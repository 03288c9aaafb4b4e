// Reads of the ledger for people: pages of keys, one user, the cycles. Uses a connection of its own (or one given), so
// that the writing thread is never waited for. One thread at a time. Throws SqliteError.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/settings.hpp"
#include "daemon/key_view.hpp"
#include "daemon/sqlite.hpp"

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

  private:
    struct DomainFacts {
        std::string name;
        std::string sid;
        bool stalled = false;
        std::optional<ObservedCycle> cycle;
        std::vector<WriteBurst> bursts;
    };
    void load_domains(Instant now);
    [[nodiscard]] KeyView key_view(const Statement& row) const;
    [[nodiscard]] KeyView registration_view(const Statement& row, Instant now) const;
    [[nodiscard]] UserName user_name(const Statement& row, int first) const;
    void add_waiting(UserView& user, std::string_view entra_id, Instant now);
    [[nodiscard]] NextWrite next_write(DomainId domain, Instant now) const;

    config::Settings settings_;
    std::unique_ptr<Database> own_;
    Database* database_;
    std::map<DomainId, DomainFacts> domains_;
};

}  // namespace keysyncd::daemon
