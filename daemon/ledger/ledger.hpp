// The ledger: every row, cursor and count in one SQLite file, changed together or not at all. One thread.
// A damaged file is moved aside and rebuilt from the sources, never deleted.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "daemon/ledger/awaited_table.hpp"
#include "daemon/ledger/burst_table.hpp"
#include "daemon/ledger/deletion_table.hpp"
#include "daemon/ledger/domain_table.hpp"
#include "daemon/ledger/entra_user_table.hpp"
#include "daemon/ledger/figures_store.hpp"
#include "daemon/ledger/key_question_table.hpp"
#include "daemon/ledger/key_table.hpp"
#include "daemon/ledger/malformed_table.hpp"
#include "daemon/ledger/named_values.hpp"
#include "daemon/ledger/registration_table.hpp"
#include "daemon/ledger/sqlite.hpp"
#include "daemon/ledger/user_table.hpp"

namespace keysyncd::daemon {

/// How an existing file is looked at when it is opened.
enum class LedgerCheck : std::uint8_t {
    after_crash,  ///< read through unless it was closed in order
    thorough,     ///< read through with its indexes: it was found damaged
};

class Ledger {
  public:
    /// Told when a damaged file was moved aside: where to, and what was wrong.
    using DamageReport = std::function<void(const std::string& kept_as, const std::string& reason)>;

    /// Throws SqliteError (cannot be opened or written) or std::runtime_error (newer schema), each naming the path.
    Ledger(const std::filesystem::path& path, const DamageReport& on_damage,
           LedgerCheck check = LedgerCheck::after_crash);
    ~Ledger();
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    /// The domain's row and figures, made when they are new.
    DomainId add_domain(const std::string& name, Instant baseline_before);
    [[nodiscard]] DomainRow& domain(DomainId id) { return working_domains_.at(id); }
    [[nodiscard]] const std::map<DomainId, DomainRow>& domains() const { return working_domains_; }

    /// Opens a transaction unless one is open.
    void begin();
    /// Rows, cursors and counts together. On failure everything since begin() is undone and SqliteError thrown.
    void commit();
    void rollback() noexcept;
    /// Commits what the work did, with what was open before it; undoes all of it when the work throws.
    template <typename Work>
    void in_transaction(const Work& work) {
        begin();
        try {
            work();
        } catch (...) {
            rollback();
            throw;
        }
        commit();
    }
    /// While a whole directory is read for the first time: keeps more of the file in memory, and where there is one
    /// domain its users by GUID (UserTable::begin_load). Ended, it writes what that left out and gives the memory back.
    void expect_bulk(bool expected);
    [[nodiscard]] bool expects_bulk() const noexcept { return bulk_; }
    /// Grows with every rollback: what was handed in before it and not committed is gone.
    [[nodiscard]] std::uint64_t rollbacks() const noexcept { return rollbacks_; }
    /// For queries on the same thread.
    [[nodiscard]] Database& database() noexcept { return *database_; }
    [[nodiscard]] std::uint64_t size_bytes() const;
    /// Damage has shown since it was opened: to be opened anew, which sets the file aside.
    [[nodiscard]] bool damaged() const noexcept { return database_->damaged(); }
    /// How often this ledger had to be rebuilt from the sources: the damaged files that lie beside it.
    [[nodiscard]] std::uint64_t rebuilds() const noexcept { return rebuilds_; }

  private:
    void end_load();

    std::filesystem::path path_;
    std::unique_ptr<Database> database_;
    std::uint64_t rebuilds_ = 0;
    std::map<DomainId, DomainRow> committed_domains_;
    std::map<DomainId, DomainRow> working_domains_;
    bool begun_ = false;  ///< SQLite ends a transaction by itself when the disk is full: it can't be asked
    bool bulk_ = false;
    std::uint64_t rollbacks_ = 0;

  public:
    MetaTable meta;
    TextTable texts;
    DomainTable domain_table;
    BurstTable bursts;
    UserTable users;
    KeyTable keys;
    AwaitedTable awaited;
    MalformedTable malformed;
    RegistrationTable registrations;
    DeletionTable deletions;
    EntraUserTable entra_users;
    KeyQuestionTable key_questions;
    FiguresStore figures;
};

}  // namespace keysyncd::daemon
