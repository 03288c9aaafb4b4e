#include "daemon/ledger/named_values.hpp"

namespace keysyncd::daemon {

MetaTable::MetaTable(Database& database)
    : get_(database.prepare("SELECT value FROM meta WHERE name = ?")),
      set_(database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)")) {}

std::optional<std::int64_t> MetaTable::get(std::string_view name) {
    get_.bind(name);
    std::optional<std::int64_t> value;
    if (get_.step()) {
        value = get_.integer(0);
    }
    get_.reset();
    return value;
}

void MetaTable::set(std::string_view name, std::int64_t value) {
    set_.bind(name, value).run();
}

void MetaTable::add(std::string_view name, std::int64_t more) {
    if (more != 0) {
        set(name, get(name).value_or(0) + more);
    }
}

TextTable::TextTable(Database& database)
    : get_(database.prepare("SELECT value FROM texts WHERE name = ?")),
      set_(database.prepare("INSERT OR REPLACE INTO texts (name, value) VALUES (?, ?)")) {}

std::optional<std::string> TextTable::get(std::string_view name) {
    get_.bind(name);
    std::optional<std::string> value;
    if (get_.step()) {
        value = get_.text(0);
    }
    get_.reset();
    return value;
}

void TextTable::set(std::string_view name, std::string_view value) {
    set_.bind(name, value).run();
}

}  // namespace keysyncd::daemon
