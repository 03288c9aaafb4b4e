#include "daemon/ledger/burst_table.hpp"

#include "daemon/ledger/column.hpp"

namespace keysyncd::daemon {

BurstTable::BurstTable(Database& database)
    : newest_(database.prepare("SELECT first, last, keys FROM (SELECT first, last, keys FROM bursts "
                               "WHERE domain_id = ? ORDER BY first DESC LIMIT 200) ORDER BY first")),
      save_(database.prepare("INSERT OR REPLACE INTO bursts (domain_id, first, last, keys) VALUES (?, ?, ?, ?)")),
      forget_(database.prepare("DELETE FROM bursts WHERE last < ?")) {}

std::vector<WriteBurst> BurstTable::newest(DomainId domain) {
    std::vector<WriteBurst> found;
    newest_.bind(domain);
    while (newest_.step()) {
        found.push_back(
            {instant_column(newest_, 0), instant_column(newest_, 1), static_cast<std::uint64_t>(newest_.integer(2))});
    }
    newest_.reset();
    return found;
}

void BurstTable::save(DomainId domain, const WriteBurst& burst) {
    save_.bind(domain, to_column(burst.first), to_column(burst.last), burst.keys).run();
}

void BurstTable::forget_before(Instant limit) {
    forget_.bind(to_column(limit)).run();
}

}  // namespace keysyncd::daemon
