#include "daemon/ledger/malformed_table.hpp"

namespace keysyncd::daemon {

MalformedTable::MalformedTable(Database& database)
    : insert_(database.prepare("INSERT INTO malformed (domain_id, guid, value_hash) VALUES (?, ?, ?) "
                               "ON CONFLICT DO NOTHING RETURNING 1")) {}

bool MalformedTable::remember(DomainId domain, const ldap::Guid& guid, std::uint64_t value_hash) {
    insert_.bind(domain, std::span<const std::byte>{guid.bytes}, value_hash);
    bool first = false;
    while (insert_.step()) {
        first = true;
    }
    insert_.reset();
    return first;
}

}  // namespace keysyncd::daemon
