#include "daemon/ledger/ledger.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "daemon/ledger/ledger_schema.hpp"
#include "tests/unit/daemon/recorder_fixture.hpp"

namespace keysyncd::daemon::test {
namespace {

void fail_on_damage(const std::string& kept_as, const std::string& reason) {
    FAIL("thought damaged: " << reason << ", kept as " << kept_as);
}

TEST_CASE("counts and rows are committed together and undone together") {
    TemporaryFolder folder;
    const auto path = folder.path() / "ledger.db";
    DomainId id = 0;
    {
        Ledger ledger{path, fail_on_damage};
        id = ledger.add_domain("corp.example.com", start);
        ledger.begin();
        ledger.figures.of(id).usage[0].writes = 7;
        ledger.figures.of(id).malformed_values["too_short"] = 2;
        ledger.domain(id).last_write = start;
        ledger.commit();
        ledger.begin();
        ledger.figures.of(id).usage[0].writes = 8;
        ledger.domain(id).last_write = start + Ticks{1};
        ledger.rollback();
        CHECK(ledger.figures.of(id).usage[0].writes == 7);
        CHECK(ledger.domain(id).last_write == start);
        CHECK(ledger.rollbacks() == 1);
    }
    Ledger again{path, fail_on_damage};
    CHECK(again.add_domain("corp.example.com", start) == id);
    CHECK(again.figures.of(id).usage[0].writes == 7);
    CHECK(again.figures.of(id).malformed_values["too_short"] == 2);
    CHECK(again.domain(id).last_write == start);
}

TEST_CASE("every kind of malformed value is counted from 0, so that its first one is an increase") {
    TemporaryFolder folder;
    Ledger ledger{folder.path() / "ledger.db", fail_on_damage};
    const auto& malformed = ledger.figures.of(ledger.add_domain("corp.example.com", start)).malformed_values;
    for (const char* kind :
         {"dn_binary", "too_short", "bad_length", "creation_time_missing", "created_after_written"}) {
        CAPTURE(kind);
        REQUIRE(malformed.contains(kind));
        CHECK(malformed.at(kind) == 0);
    }
}

TEST_CASE("a damaged file is kept beside a new one") {
    TemporaryFolder folder;
    const auto path = folder.path() / "ledger.db";
    std::ofstream{path} << "this is no database, and long enough to be looked at as one: " << std::string(4096, 'x');
    std::string kept;
    Ledger ledger{path, [&](const std::string& kept_as, const std::string&) { kept = kept_as; }};
    CHECK(std::filesystem::exists(kept));
    CHECK(ledger.rebuilds() == 1);
}

TEST_CASE("a ledger of a newer version is refused, not changed") {
    TemporaryFolder folder;
    const auto path = folder.path() / "ledger.db";
    {
        Database database{path.string(), OpenMode::read_write};
        database.execute("PRAGMA user_version = 99");
    }
    CHECK_THROWS_WITH_AS((Ledger{path, fail_on_damage}), doctest::Contains("schema version 99"), std::runtime_error);
}

TEST_CASE("a place that cannot be written is told with its path") {
    CHECK_THROWS_WITH_AS((Ledger{"/nonexistent/ledger.db", fail_on_damage}),
                         doctest::Contains("/nonexistent/ledger.db"), SqliteError);
}

TEST_CASE("cursors are kept for each domain controller, the one that was stored last at the end") {
    TemporaryFolder folder;
    Ledger ledger{folder.path() / "ledger.db", fail_on_damage};
    const DomainId id = ledger.add_domain("corp.example.com", start);
    ledger.begin();
    ledger.domain_table.save_cursor(id, {"ldaps://dc1", guid(1), 10, {}});
    ledger.domain_table.save_cursor(id, {"ldaps://dc2", guid(2), 20, std::string{"\0cookie", 7}, 17});
    CHECK(ledger.domain_table.cursors(id).back().server == "ldaps://dc2");
    ledger.domain_table.save_cursor(id, {"ldaps://dc1", guid(1), 11, {}, 9});
    ledger.commit();
    const auto cursors = ledger.domain_table.cursors(id);
    REQUIRE(cursors.size() == 2);
    CHECK(cursors[0].invocation_id == guid(2));
    CHECK(cursors[0].dirsync_cookie == std::string{"\0cookie", 7});
    CHECK(cursors[0].newest_usn == 17);
    CHECK(cursors[1].usn == 11);
    CHECK(cursors[1].newest_usn == 9);
    ledger.domain_table.drop_cursor(id, "ldaps://dc2");
    REQUIRE(ledger.domain_table.cursors(id).size() == 1);
    CHECK(ledger.domain_table.cursors(id).front().server == "ldaps://dc1");
}

}  // namespace
}  // namespace keysyncd::daemon::test
