// SQLite as values with owners: a database and prepared statements. One thread at a time.
// What should never happen (a wrong statement, a full disk) is an exception of type SqliteError; callers roll back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace keysyncd::daemon {

class SqliteError : public std::runtime_error {
  public:
    SqliteError(int code, const std::string& what) : std::runtime_error(what), code_(code) {}
    /// SQLite's primary result code.
    [[nodiscard]] int code() const noexcept { return code_; }
    /// The file is damaged or is no database (SQLITE_CORRUPT, SQLITE_NOTADB).
    [[nodiscard]] bool damaged() const noexcept;

  private:
    int code_;
};

class Statement {
  public:
    /// `damaged` is set when the database shows to be so.
    Statement(sqlite3* database, std::string_view sql, bool& damaged);

    /// Binds every parameter in order, after a reset. Strings and blobs must live until the statement is stepped.
    template <typename... Values>
    Statement& bind(const Values&... values) {
        reset();
        int index = 0;
        (bind_one(++index, values), ...);
        return *this;
    }
    /// True while there is a row.
    bool step();
    /// Steps to the end, for statements that return no rows.
    void run() {
        while (step()) {
        }
        reset();
    }
    void reset() noexcept;

    [[nodiscard]] std::int64_t integer(int column) const noexcept;
    [[nodiscard]] double real(int column) const noexcept;
    [[nodiscard]] std::string_view text(int column) const noexcept;            ///< valid until the next step
    [[nodiscard]] std::span<const std::byte> blob(int column) const noexcept;  ///< valid until the next step
    [[nodiscard]] bool is_null(int column) const noexcept;
    [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) const noexcept;

  private:
    void bind_one(int index, std::int64_t value);
    void bind_one(int index, int value) { bind_one(index, static_cast<std::int64_t>(value)); }
    void bind_one(int index, std::uint32_t value) { bind_one(index, static_cast<std::int64_t>(value)); }
    void bind_one(int index, std::uint64_t value) { bind_one(index, static_cast<std::int64_t>(value)); }
    void bind_one(int index, bool value) { bind_one(index, static_cast<std::int64_t>(value)); }
    void bind_one(int index, std::string_view value);
    void bind_one(int index, const std::string& value) { bind_one(index, std::string_view{value}); }
    void bind_one(int index, const char* value) { bind_one(index, std::string_view{value}); }
    void bind_one(int index, std::span<const std::byte> value);
    void bind_one(int index, std::nullptr_t);
    template <typename Value>
    void bind_one(int index, const std::optional<Value>& value) {
        if (value) {
            bind_one(index, *value);
        } else {
            bind_one(index, nullptr);
        }
    }

    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    bool* damaged_;
};

enum class OpenMode : std::uint8_t { read_write, read_only };

class Database {
  public:
    Database(const std::string& path, OpenMode mode);

    void execute(const std::string& sql);
    [[nodiscard]] Statement prepare(std::string_view sql) { return {handle_.get(), sql, *damaged_}; }
    [[nodiscard]] std::int64_t last_insert_id() const noexcept;
    /// Rows that the last INSERT, UPDATE or DELETE changed.
    [[nodiscard]] std::int64_t changes() const noexcept;
    [[nodiscard]] bool in_transaction() const noexcept;
    /// Something failed with SqliteError::damaged() since it was opened.
    [[nodiscard]] bool damaged() const noexcept { return *damaged_; }
    /// One integer, the first column of the first row.
    [[nodiscard]] std::int64_t scalar(std::string_view sql);

  private:
    struct Close {
        void operator()(sqlite3* database) const noexcept;
    };
    std::unique_ptr<sqlite3, Close> handle_;
    std::unique_ptr<bool> damaged_ = std::make_unique<bool>(false);  ///< its statements point to it
};

}  // namespace keysyncd::daemon
