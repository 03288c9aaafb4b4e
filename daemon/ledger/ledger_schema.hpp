// The ledger's tables and how older ones become today's. user_version numbers the migrations.
#pragma once

#include "daemon/ledger/sqlite.hpp"

namespace keysyncd::daemon {

inline constexpr int ledger_schema_version = 3;

/// The one index that is away at times, while a whole directory is read for the first time (guid_index.hpp).
inline constexpr const char* index_users_by_guid =
    "CREATE UNIQUE INDEX IF NOT EXISTS users_guid ON users (guid, domain_id)";

/// Creates or upgrades the tables. Throws SqliteError; a ledger of a newer version is refused (std::runtime_error).
void prepare_ledger_schema(Database& database);

}  // namespace keysyncd::daemon
