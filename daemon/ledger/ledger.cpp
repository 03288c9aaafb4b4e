#include "daemon/ledger/ledger.hpp"

#include <fmt/format.h>

#include <chrono>
#include <system_error>
#include <utility>

#include "daemon/ledger/ledger_schema.hpp"
#include "daemon/ledger/meta_names.hpp"

namespace keysyncd::daemon {
namespace {

namespace fs = std::filesystem;

// The cache in KiB, the write-ahead log in pages: what a poll works with; and what keeps pages that a first sweep fills
// from being written again and again.
constexpr const char* usual_memory = "PRAGMA cache_size = -4096; PRAGMA wal_autocheckpoint = 4000";
constexpr const char* bulk_memory = "PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 65536";

void configure(Database& database) {
    database.execute("PRAGMA journal_mode = WAL");
    database.execute("PRAGMA synchronous = FULL");
    database.execute("PRAGMA temp_store = MEMORY");
    database.execute(usual_memory);
    database.execute("PRAGMA journal_size_limit = 67108864");
}

// After a clean stop the file is as SQLite left it; after anything else it is read through once.
void read_through(Database& database, LedgerCheck check) {
    const bool has_meta = database.scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'") > 0;
    if (check == LedgerCheck::after_crash && has_meta && MetaTable{database}.get(meta_name::stopped_cleanly) == 1) {
        return;
    }
    const std::string_view way = check == LedgerCheck::thorough ? "integrity_check" : "quick_check";
    Statement statement = database.prepare(fmt::format("PRAGMA {}(1)", way));
    if (statement.step() && statement.text(0) != "ok") {
        throw SqliteError(11, fmt::format("{}: {}", way, statement.text(0)));
    }
}

std::unique_ptr<Database> open_sound(const fs::path& path, LedgerCheck check) {
    auto database = std::make_unique<Database>(path.string(), OpenMode::read_write);
    configure(*database);
    read_through(*database, check);
    prepare_ledger_schema(*database);
    return database;
}

constexpr std::string_view set_aside_mark = ".damaged-";

std::uint64_t files_set_aside(const fs::path& path) {
    const std::string prefix = path.filename().string() + std::string{set_aside_mark};
    std::error_code none;
    std::uint64_t count = 0;
    for (const auto& entry : fs::directory_iterator{path.has_parent_path() ? path.parent_path() : ".", none}) {
        const std::string name = entry.path().filename().string();
        count += name.starts_with(prefix) && !name.ends_with("-wal") && !name.ends_with("-shm") ? 1U : 0U;
    }
    return count;
}

std::string move_aside(const fs::path& path) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    fs::path kept = path;
    int attempt = 0;
    do {
        kept = fmt::format("{}{}{}{}", path.string(), set_aside_mark, now.time_since_epoch().count(),
                           attempt == 0 ? "" : fmt::format("-{}", attempt));
        ++attempt;
    } while (fs::exists(kept));
    fs::rename(path, kept);
    for (const char* suffix : {"-wal", "-shm"}) {
        std::error_code ignored;
        fs::rename(path.string() + suffix, kept.string() + suffix, ignored);
    }
    return kept.string();
}

std::unique_ptr<Database> open_or_rebuild(const fs::path& path, const Ledger::DamageReport& on_damage,
                                          LedgerCheck check) {
    try {
        return open_sound(path, check);
    } catch (const SqliteError& error) {
        if (!error.damaged()) {
            throw SqliteError(error.code(), fmt::format("{}: {}", path.string(), error.what()));
        }
        on_damage(move_aside(path), error.what());
        return open_sound(path, LedgerCheck::after_crash);
    }
}

}  // namespace

Ledger::Ledger(const fs::path& path, const DamageReport& on_damage, LedgerCheck check)
    : path_(path),
      database_(open_or_rebuild(path, on_damage, check)),
      rebuilds_(files_set_aside(path)),
      meta(*database_),
      texts(*database_),
      domain_table(*database_),
      bursts(*database_),
      users(*database_),
      keys(*database_),
      awaited(*database_),
      malformed(*database_),
      registrations(*database_),
      deletions(*database_),
      entra_users(*database_),
      key_questions(*database_),
      figures(*database_) {
    // This also tells a read-only file now, not at the first key.
    begin();
    meta.set(meta_name::stopped_cleanly, 0);
    commit();
}

Ledger::~Ledger() {
    try {
        rollback();
        if (!damaged()) {
            meta.set(meta_name::stopped_cleanly, 1);
        }
    } catch (const SqliteError&) {
        // The next start reads the file through: nothing is lost.
    }
}

DomainId Ledger::add_domain(const std::string& name, Instant baseline_before) {
    end_load();  // which is for one domain
    begin();
    const DomainRow row = domain_table.open(name, baseline_before);
    figures.add_domain(row.id, name);
    working_domains_[row.id] = row;
    committed_domains_[row.id] = row;
    commit();
    return row.id;
}

void Ledger::begin() {
    if (!begun_) {
        database_->execute("BEGIN IMMEDIATE");
        begun_ = true;
    }
}

void Ledger::commit() {
    if (!begun_) {
        return;
    }
    try {
        for (const auto& [id, row] : working_domains_) {
            domain_table.save(row);
        }
        figures.save();
        database_->execute("COMMIT");
    } catch (...) {
        rollback();
        throw;
    }
    begun_ = false;
    figures.committed();
    committed_domains_ = working_domains_;
}

void Ledger::rollback() noexcept {
    if (!begun_) {
        return;
    }
    begun_ = false;
    if (database_->in_transaction()) {
        try {
            database_->execute("ROLLBACK");
        } catch (const SqliteError&) {
            // SQLite undoes what it can't roll back at the next open.
        }
    }
    ++rollbacks_;
    figures.rolled_back();
    users.rolled_back();
    working_domains_ = committed_domains_;
}

void Ledger::expect_bulk(bool expected) {
    if (expected == bulk_) {
        return;
    }
    if (expected) {
        database_->execute(bulk_memory);
        if (domain_table.count() == 1) {
            commit();
            users.begin_load();
        }
    } else {
        end_load();
        database_->execute(usual_memory);
        database_->execute("PRAGMA shrink_memory");
        // With a transaction open, of another domain's pass say, its commit does this as usual.
        if (!begun_) {
            database_->execute("PRAGMA wal_checkpoint(TRUNCATE)");
        }
    }
    bulk_ = expected;
}

void Ledger::end_load() {
    if (users.loading()) {
        commit();
        users.end_load();
    }
}

std::uint64_t Ledger::size_bytes() const {
    std::uint64_t bytes = 0;
    for (const char* suffix : {"", "-wal"}) {
        std::error_code missing;
        const auto size = fs::file_size(path_.string() + suffix, missing);
        bytes += missing ? 0 : size;
    }
    return bytes;
}

}  // namespace keysyncd::daemon
