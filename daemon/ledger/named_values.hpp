// Single values by name: instants, counts, cursors.
// Typed access, no decisions. The ledger's thread only; every change belongs to the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/ledger/sqlite.hpp"

namespace keysyncd::daemon {

/// Single instants and numbers by name.
class MetaTable {
  public:
    explicit MetaTable(Database& database);
    [[nodiscard]] std::optional<std::int64_t> get(std::string_view name);
    void set(std::string_view name, std::int64_t value);
    /// A count goes up; from 0 where it was not there.
    void add(std::string_view name, std::int64_t more);

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
