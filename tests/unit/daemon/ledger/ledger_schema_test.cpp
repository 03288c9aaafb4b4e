// A ledger of an older version is upgraded where it lies, and nothing in it is lost.
#include "daemon/ledger/ledger_schema.hpp"

#include <doctest/doctest.h>

#include "daemon/ledger/column.hpp"
#include "tests/unit/daemon/recorder_fixture.hpp"

namespace keysyncd::daemon::test {
namespace {

using namespace std::chrono_literals;

// What version 1 had, as it was: never change it with the code.
constexpr const char* version_1 = R"sql(
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE texts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE domains (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, domain_sid BLOB,
    base_dn TEXT NOT NULL DEFAULT '', baseline_before INTEGER NOT NULL, first_pass_done INTEGER NOT NULL DEFAULT 0,
    last_pass INTEGER, last_sweep INTEGER, last_write INTEGER, last_cloud_write INTEGER,
    fido_written_back INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE cursors (domain_id INTEGER NOT NULL, server TEXT NOT NULL, invocation_id BLOB NOT NULL,
    usn INTEGER NOT NULL, dirsync_cookie BLOB NOT NULL, PRIMARY KEY (domain_id, server)) STRICT, WITHOUT ROWID;
CREATE TABLE users (id INTEGER PRIMARY KEY, domain_id INTEGER NOT NULL, guid BLOB NOT NULL, rid INTEGER NOT NULL,
    consistency_guid BLOB, dn TEXT NOT NULL, upn TEXT NOT NULL, sam TEXT NOT NULL, flags INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX users_guid ON users (guid, domain_id);
CREATE INDEX users_rid ON users (domain_id, rid);
CREATE TABLE keys (user_id INTEGER NOT NULL, key_id BLOB NOT NULL, usage INTEGER NOT NULL, source INTEGER NOT NULL,
    state INTEGER NOT NULL, created_at INTEGER, written_earliest INTEGER, written_latest INTEGER,
    precision INTEGER NOT NULL, delay INTEGER, removed_at INTEGER, registration_id INTEGER, device_id BLOB,
    findings INTEGER NOT NULL DEFAULT 0, deletion_known INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, key_id)) STRICT, WITHOUT ROWID;
CREATE TABLE awaited (domain_id INTEGER NOT NULL, server TEXT NOT NULL, guid BLOB NOT NULL, key_id BLOB NOT NULL,
    written_at INTEGER NOT NULL, PRIMARY KEY (domain_id, server, guid, key_id)) STRICT, WITHOUT ROWID;
CREATE TABLE malformed (domain_id INTEGER NOT NULL, guid BLOB NOT NULL, value_hash INTEGER NOT NULL,
    PRIMARY KEY (domain_id, guid, value_hash)) STRICT, WITHOUT ROWID;
CREATE TABLE registrations (id INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, entra_user_id TEXT NOT NULL,
    upn TEXT NOT NULL, kind INTEGER NOT NULL, registered_at INTEGER NOT NULL, state INTEGER NOT NULL,
    domain_id INTEGER, rid INTEGER, account INTEGER NOT NULL DEFAULT 0, looked_up_at INTEGER,
    changed_at INTEGER NOT NULL) STRICT;
CREATE INDEX registrations_open ON registrations (state) WHERE state IN (0, 1);
CREATE INDEX registrations_user ON registrations (entra_user_id);
CREATE TABLE deletions (event_id TEXT PRIMARY KEY, entra_user_id TEXT NOT NULL, upn TEXT NOT NULL,
    kind INTEGER NOT NULL, deleted_at INTEGER NOT NULL, open INTEGER NOT NULL, withdrew INTEGER) STRICT, WITHOUT ROWID;
CREATE INDEX deletions_open ON deletions (entra_user_id) WHERE open = 1;
CREATE TABLE entra_users (id TEXT PRIMARY KEY, upn TEXT NOT NULL COLLATE NOCASE, scope INTEGER NOT NULL,
    domain_id INTEGER, rid INTEGER, immutable_id BLOB, provisioning_errors INTEGER NOT NULL,
    fetched_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX entra_users_upn ON entra_users (upn);
CREATE INDEX entra_users_rid ON entra_users (domain_id, rid);
CREATE INDEX entra_users_immutable ON entra_users (immutable_id) WHERE immutable_id IS NOT NULL;
CREATE TABLE bursts (domain_id INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, keys INTEGER NOT NULL,
    PRIMARY KEY (domain_id, first)) STRICT, WITHOUT ROWID;
CREATE TABLE figures (domain_id INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
    PRIMARY KEY (domain_id, name)) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
)sql";

void fail_on_damage(const std::string& kept_as, const std::string& reason) {
    FAIL("thought damaged: " << reason << ", kept as " << kept_as);
}

std::int64_t ticks(Instant at) {
    return to_column(at);
}

void write_version_1(const std::filesystem::path& path) {
    Database database{path.string(), OpenMode::read_write};
    database.execute(version_1);
    database.prepare("INSERT INTO domains (id, name, baseline_before, first_pass_done) VALUES (1, ?, ?, 1)")
        .bind(domain_name, ticks(start - 24h))
        .run();
    database
        .prepare(
            "INSERT INTO registrations (id, event_id, entra_user_id, upn, kind, registered_at, state, domain_id, "
            "rid, changed_at) VALUES (5, 'e1', 'entra-1', 'user1@corp.example.com', 0, ?, 1, 1, 1001, ?)")
        .bind(ticks(start), ticks(start))
        .run();
    database
        .prepare("INSERT INTO users VALUES (3, 1, ?, 1001, NULL, 'CN=user1', 'user1@corp.example.com', 'user1', 0, 7)")
        .bind(std::span<const std::byte>{guid(1).bytes})
        .run();
    const std::vector<std::byte> key_id(32, std::byte{1});
    database
        .prepare(
            "INSERT INTO keys (user_id, key_id, usage, source, state, created_at, precision) "
            "VALUES (3, ?, 1, 1, 0, ?, 1)")
        .bind(std::span<const std::byte>{key_id}, ticks(start - 300 * 24h))
        .run();
    database.prepare("INSERT INTO cursors VALUES (1, 'ldaps://dc1', ?, 900, x'')")
        .bind(std::span<const std::byte>{guid(7).bytes})
        .run();
    database.execute("INSERT INTO figures VALUES (1, 'keys.synced.NGC', 1), (1, 'registrations.NGC', 1)");
}

TEST_CASE("a ledger of version 1 becomes today's, with everything in it") {
    TemporaryFolder folder;
    const auto path = folder.path() / "ledger.db";
    write_version_1(path);
    for (int opened = 0; opened < 2; ++opened) {
        Ledger ledger{path, fail_on_damage};
        CHECK(ledger.database().scalar("PRAGMA user_version") == ledger_schema_version);
        CHECK(ledger.add_domain(domain_name, start) == 1);
        CHECK(ledger.domain(1).first_pass_done);
        CHECK(ledger.figures.of(1).usage[0].keys[static_cast<std::size_t>(metrics::State::synced)] == 1);
        const auto pending = ledger.registrations.in_state(RegistrationState::pending);
        REQUIRE(pending.size() == 1);
        CHECK(pending.front().registered_at == start);
        CHECK(pending.front().method_id.empty());
        CHECK_FALSE(pending.front().asked_at.has_value());
        REQUIRE(ledger.keys.of_user(3).size() == 1);
        CHECK(ledger.keys.of_user(3).front().state == KeyState::synced);
        CHECK(ledger.key_questions.of_user(3).empty());
        const auto cursors = ledger.domain_table.cursors(1);
        REQUIRE(cursors.size() == 1);
        CHECK(cursors.front().usn == 900);
        CHECK(cursors.front().newest_usn == 900);  // not known, at most that
    }
}

TEST_CASE("a new ledger and an upgraded one have the same tables") {
    TemporaryFolder folder;
    write_version_1(folder.path() / "old.db");
    const auto columns = [](const std::filesystem::path& path) {
        const Ledger ledger{path, fail_on_damage};
        Database database{path.string(), OpenMode::read_only};
        std::vector<std::string> found;
        Statement rows = database.prepare(
            "SELECT s.name, c.name FROM sqlite_schema s, pragma_table_info(s.name) c WHERE s.type = 'table' ORDER BY "
            "1, 2");
        while (rows.step()) {
            found.push_back(std::string{rows.text(0)} + "." + std::string{rows.text(1)});
        }
        Statement indexes = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' ORDER BY 1");
        while (indexes.step()) {
            found.emplace_back(indexes.text(0));
        }
        return found;
    };
    CHECK(columns(folder.path() / "old.db") == columns(folder.path() / "new.db"));
}

}  // namespace
}  // namespace keysyncd::daemon::test
