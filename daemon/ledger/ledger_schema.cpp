#include "daemon/ledger/ledger_schema.hpp"

#include <array>
#include <stdexcept>
#include <string>

namespace keysyncd::daemon {
namespace {

// Times are 100 ns ticks since 1970 in UTC. Enumerations are stored by the numbers of ledger_rows.hpp.
constexpr const char* version_1 = R"sql(
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE texts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE domains (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    domain_sid BLOB,
    base_dn TEXT NOT NULL DEFAULT '',
    baseline_before INTEGER NOT NULL,      -- keys created earlier are history when the first pass finds them
    first_pass_done INTEGER NOT NULL DEFAULT 0,
    last_pass INTEGER,                     -- start of the last pass that ended well
    last_sweep INTEGER,
    last_write INTEGER,
    last_cloud_write INTEGER,
    fido_written_back INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE cursors (                     -- how far each domain controller was read
    domain_id INTEGER NOT NULL, server TEXT NOT NULL, invocation_id BLOB NOT NULL,
    usn INTEGER NOT NULL, dirsync_cookie BLOB NOT NULL,
    PRIMARY KEY (domain_id, server)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (                       -- directory users that carry, or carried, a key
    id INTEGER PRIMARY KEY,
    domain_id INTEGER NOT NULL,
    guid BLOB NOT NULL,
    rid INTEGER NOT NULL,                  -- of objectSid; its domain part is the domain's
    consistency_guid BLOB,
    dn TEXT NOT NULL, upn TEXT NOT NULL, sam TEXT NOT NULL,
    flags INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL           -- of everything above and the key values: equal means no news
) STRICT;
CREATE UNIQUE INDEX users_guid ON users (guid, domain_id);
CREATE INDEX users_rid ON users (domain_id, rid);

CREATE TABLE keys (
    user_id INTEGER NOT NULL, key_id BLOB NOT NULL,
    usage INTEGER NOT NULL, source INTEGER NOT NULL, state INTEGER NOT NULL,
    created_at INTEGER,
    written_earliest INTEGER,              -- none: as the latest
    written_latest INTEGER, precision INTEGER NOT NULL,
    delay INTEGER,                         -- measured; none for history, re-added and local keys
    removed_at INTEGER,
    registration_id INTEGER,               -- the audit event that announced it
    device_id BLOB,
    findings INTEGER NOT NULL DEFAULT 0,   -- bits, see ldap/key_findings.hpp
    deletion_known INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, key_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE awaited (                     -- new keys that an observed server has not shown yet
    domain_id INTEGER NOT NULL, server TEXT NOT NULL, guid BLOB NOT NULL, key_id BLOB NOT NULL,
    written_at INTEGER NOT NULL,
    PRIMARY KEY (domain_id, server, guid, key_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE malformed (                   -- values that did not decode, so that each is counted once
    domain_id INTEGER NOT NULL, guid BLOB NOT NULL, value_hash INTEGER NOT NULL,
    PRIMARY KEY (domain_id, guid, value_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE registrations (
    id INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL UNIQUE,
    entra_user_id TEXT NOT NULL, upn TEXT NOT NULL,
    kind INTEGER NOT NULL,
    registered_at INTEGER NOT NULL,
    state INTEGER NOT NULL,
    domain_id INTEGER, rid INTEGER,
    account INTEGER NOT NULL DEFAULT 0,    -- what the directory says of a stuck key's account
    looked_up_at INTEGER,
    changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX registrations_open ON registrations (state) WHERE state IN (0, 1);
CREATE INDEX registrations_user ON registrations (entra_user_id);

CREATE TABLE deletions (
    event_id TEXT PRIMARY KEY,
    entra_user_id TEXT NOT NULL, upn TEXT NOT NULL,
    kind INTEGER NOT NULL, deleted_at INTEGER NOT NULL,
    open INTEGER NOT NULL,
    withdrew INTEGER                       -- the registration that it was taken to end
) STRICT, WITHOUT ROWID;
CREATE INDEX deletions_open ON deletions (entra_user_id) WHERE open = 1;

CREATE TABLE entra_users (
    id TEXT PRIMARY KEY, upn TEXT NOT NULL COLLATE NOCASE,
    scope INTEGER NOT NULL,
    domain_id INTEGER, rid INTEGER, immutable_id BLOB,
    provisioning_errors INTEGER NOT NULL,
    fetched_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX entra_users_upn ON entra_users (upn);
CREATE INDEX entra_users_rid ON entra_users (domain_id, rid);
CREATE INDEX entra_users_immutable ON entra_users (immutable_id) WHERE immutable_id IS NOT NULL;

CREATE TABLE bursts (                      -- writes of Entra Connect's cycles
    domain_id INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, keys INTEGER NOT NULL,
    PRIMARY KEY (domain_id, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE figures (                     -- what /metrics counts: survives restarts, in the rows' transaction
    domain_id INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
    PRIMARY KEY (domain_id, name)
) STRICT, WITHOUT ROWID;
)sql";

// Keys and registrations are confirmed by Entra's authentication methods.
constexpr const char* version_2 = R"sql(
ALTER TABLE registrations ADD COLUMN method_id TEXT NOT NULL DEFAULT '';
ALTER TABLE registrations ADD COLUMN strength TEXT NOT NULL DEFAULT '';
ALTER TABLE registrations ADD COLUMN asked_at INTEGER;  -- Entra's methods, with an answer
ALTER TABLE registrations ADD COLUMN known_at INTEGER;  -- that showed it

CREATE TABLE key_questions (               -- keys in the directory that Entra is to be asked about
    user_id INTEGER NOT NULL, key_id BLOB NOT NULL,
    due_at INTEGER NOT NULL,
    news INTEGER NOT NULL,                 -- it appeared while we looked on, and Entra has not told of it yet
    missing_since INTEGER,                 -- Entra was asked then, and since, and did not know it
    PRIMARY KEY (user_id, key_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_questions_due ON key_questions (due_at);
CREATE INDEX deletions_withdrew ON deletions (withdrew) WHERE withdrew IS NOT NULL;
)sql";

// Cursors say what another domain controller must have received, and in which order they were stored.
constexpr const char* version_3 = R"sql(
ALTER TABLE cursors ADD COLUMN newest_usn INTEGER NOT NULL DEFAULT 0;  -- the newest change to a user that was read
ALTER TABLE cursors ADD COLUMN stored INTEGER NOT NULL DEFAULT 0;      -- the highest was stored last
UPDATE cursors SET newest_usn = usn;       -- what was read before was not kept: it cannot be newer than this
)sql";

// The one at index N makes version N + 1.
constexpr std::array<const char*, ledger_schema_version> migrations{version_1, version_2, version_3};

}  // namespace

void prepare_ledger_schema(Database& database) {
    const std::int64_t found = database.scalar("PRAGMA user_version");
    if (found > ledger_schema_version) {
        throw std::runtime_error("the ledger has schema version " + std::to_string(found) +
                                 ", this keysyncd knows up to " + std::to_string(ledger_schema_version) +
                                 ": run the newer keysyncd, or move the file aside");
    }
    if (found == ledger_schema_version) {
        database.execute(index_users_by_guid);  // missing where a first pass was cut off
        return;
    }
    database.execute("BEGIN IMMEDIATE");
    for (auto version = static_cast<std::size_t>(found); version < migrations.size(); ++version) {
        database.execute(migrations.at(version));
    }
    database.execute("PRAGMA user_version = " + std::to_string(ledger_schema_version));
    database.execute("COMMIT");
}

}  // namespace keysyncd::daemon
