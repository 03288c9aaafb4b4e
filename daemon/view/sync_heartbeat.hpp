// The tenant's heartbeat as the ledger keeps it. For whoever owns the table's connection.
#pragma once

#include "daemon/ledger/named_values.hpp"
#include "daemon/rules/sync_stall.hpp"

namespace keysyncd::daemon {

[[nodiscard]] Heartbeat read_heartbeat(MetaTable& meta);

}  // namespace keysyncd::daemon
