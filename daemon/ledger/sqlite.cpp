#include "daemon/ledger/sqlite.hpp"

#include <sqlite3.h>

#include <array>

namespace keysyncd::daemon {
namespace {

bool is_damage(int primary_code) noexcept {
    return primary_code == SQLITE_CORRUPT || primary_code == SQLITE_NOTADB;
}

[[noreturn]] void fail(int code, const std::string& message, bool& damaged) {
    damaged = damaged || is_damage(code & 0xff);
    throw SqliteError(code & 0xff, message);
}

[[noreturn]] void fail(sqlite3* database, std::string_view doing, bool& damaged) {
    const int code = database != nullptr ? sqlite3_errcode(database) : SQLITE_NOMEM;
    std::string message{doing};
    message += ": ";
    message += database != nullptr ? sqlite3_errmsg(database) : "out of memory";
    fail(code, message, damaged);
}

}  // namespace

bool SqliteError::damaged() const noexcept {
    return is_damage(code_);
}

Statement::Statement(sqlite3* database, std::string_view sql, bool& damaged) : damaged_(&damaged) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw,
                           nullptr) != SQLITE_OK) {
        fail(database, "preparing a statement", *damaged_);
    }
    statement_.reset(raw);
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
    sqlite3_finalize(statement);
}

bool Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code != SQLITE_DONE) {
        sqlite3* database = sqlite3_db_handle(statement_.get());
        const std::string message = std::string{"ledger: "} + sqlite3_errmsg(database);
        sqlite3_reset(statement_.get());
        fail(code, message, *damaged_);
    }
    return false;
}

void Statement::reset() noexcept {
    sqlite3_reset(statement_.get());
}

std::int64_t Statement::integer(int column) const noexcept {
    return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const noexcept {
    return sqlite3_column_double(statement_.get(), column);
}

std::string_view Statement::text(int column) const noexcept {
    const unsigned char* data = sqlite3_column_text(statement_.get(), column);
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return {reinterpret_cast<const char*>(data), data == nullptr ? 0 : static_cast<std::size_t>(size)};
}

std::span<const std::byte> Statement::blob(int column) const noexcept {
    const void* data = sqlite3_column_blob(statement_.get(), column);
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return {static_cast<const std::byte*>(data), data == nullptr ? 0 : static_cast<std::size_t>(size)};
}

bool Statement::is_null(int column) const noexcept {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::optional<std::int64_t> Statement::optional_integer(int column) const noexcept {
    if (is_null(column)) {
        return std::nullopt;
    }
    return integer(column);
}

void Statement::bind_one(int index, std::int64_t value) {
    if (sqlite3_bind_int64(statement_.get(), index, value) != SQLITE_OK) {
        fail(sqlite3_db_handle(statement_.get()), "binding an integer", *damaged_);
    }
}

void Statement::bind_one(int index, std::string_view value) {
    // An empty view may have no address, which SQLite would take for NULL.
    const char* data = value.data() == nullptr ? "" : value.data();
    if (sqlite3_bind_text64(statement_.get(), index, data, value.size(), SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK) {
        fail(sqlite3_db_handle(statement_.get()), "binding a text", *damaged_);
    }
}

void Statement::bind_one(int index, std::span<const std::byte> value) {
    const void* data = value.data() == nullptr ? static_cast<const void*>("") : value.data();
    if (sqlite3_bind_blob64(statement_.get(), index, data, value.size(), SQLITE_STATIC) != SQLITE_OK) {
        fail(sqlite3_db_handle(statement_.get()), "binding a blob", *damaged_);
    }
}

void Statement::bind_one(int index, std::nullptr_t) {
    if (sqlite3_bind_null(statement_.get(), index) != SQLITE_OK) {
        fail(sqlite3_db_handle(statement_.get()), "binding NULL", *damaged_);
    }
}

Database::Database(const std::string& path, OpenMode mode) {
    // Nobody asks how much memory SQLite uses, and each of its allocations would take a lock to count it.
    static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(uncounted);
    sqlite3* raw = nullptr;
    const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                      (mode == OpenMode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
    handle_.reset(raw);
    if (code != SQLITE_OK) {
        const std::string reason = raw != nullptr ? sqlite3_errmsg(raw) : "out of memory";
        throw SqliteError(code & 0xff, "opening " + path + ": " + reason);
    }
    sqlite3_busy_timeout(raw, 5000);
}

void Database::Close::operator()(sqlite3* database) const noexcept {
    sqlite3_close_v2(database);
}

void Database::execute(const std::string& sql) {
    char* message = nullptr;
    const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, &message);
    if (code != SQLITE_OK) {
        const std::string text = message != nullptr ? message : "unknown error";
        sqlite3_free(message);
        fail(code, "ledger: " + text, *damaged_);
    }
}

std::int64_t Database::last_insert_id() const noexcept {
    return sqlite3_last_insert_rowid(handle_.get());
}

std::int64_t Database::changes() const noexcept {
    return sqlite3_changes64(handle_.get());
}

bool Database::in_transaction() const noexcept {
    return sqlite3_get_autocommit(handle_.get()) == 0;
}

std::int64_t Database::scalar(std::string_view sql) {
    Statement statement = prepare(sql);
    return statement.step() ? statement.integer(0) : 0;
}

}  // namespace keysyncd::daemon
