#include <doctest/doctest.h>

#include "daemon/ledger/ledger.hpp"
#include "tests/unit/daemon/recorder_fixture.hpp"

namespace keysyncd::daemon::test {
namespace {

struct LoadFixture {
    LoadFixture() { open(); }

    void open() {
        ledger.reset();
        ledger = std::make_unique<Ledger>(
            folder.path() / "ledger.db",
            [](const std::string&, const std::string& reason) { FAIL("thought damaged: " << reason); });
        domain = ledger->add_domain("corp.example.com", start);
    }

    [[nodiscard]] static UserRow user(std::uint8_t number, DomainId of) {
        UserRow row;
        row.domain_id = of;
        row.guid = guid(number);
        row.rid = 1000U + number;
        return row;
    }

    [[nodiscard]] bool indexed() const {
        return ledger->database().scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'users_guid'") == 1;
    }

    TemporaryFolder folder;
    std::unique_ptr<Ledger> ledger;
    DomainId domain = 0;
};

TEST_CASE("while users are loaded they are found by GUID, and nobody comes in twice") {
    LoadFixture f;
    f.ledger->expect_bulk(true);
    REQUIRE(f.ledger->users.loading());
    f.ledger->begin();
    const auto id = f.ledger->users.insert(f.user(1, f.domain));
    REQUIRE(id);
    CHECK_FALSE(f.ledger->users.insert(f.user(1, f.domain)));
    CHECK(f.ledger->users.find(f.domain, guid(1)).value().id == *id);
    CHECK_FALSE(f.ledger->users.find(f.domain + 1, guid(1)));
    CHECK_FALSE(f.ledger->users.find(f.domain, guid(2)));
    CHECK(f.ledger->users.with_guid(guid(1)).size() == 1);
    CHECK(f.ledger->users.with_guid(guid(2)).empty());
    CHECK(f.ledger->users.find_by_immutable_id(guid(1)).value().rid == 1001);
    f.ledger->commit();
}

TEST_CASE("after a load the file's index finds what was loaded") {
    LoadFixture f;
    f.ledger->expect_bulk(true);
    CHECK_FALSE(f.indexed());
    f.ledger->begin();
    CHECK(f.ledger->users.insert(f.user(1, f.domain)));
    f.ledger->commit();
    f.ledger->expect_bulk(false);
    CHECK_FALSE(f.ledger->users.loading());
    CHECK(f.indexed());
    CHECK(f.ledger->users.find(f.domain, guid(1)));
    f.ledger->begin();
    CHECK_FALSE(f.ledger->users.insert(f.user(1, f.domain)));
    CHECK(f.ledger->users.insert(f.user(2, f.domain)));
    f.ledger->commit();
}

TEST_CASE("a user whose load was undone is not known, and comes in again") {
    LoadFixture f;
    f.ledger->expect_bulk(true);
    f.ledger->begin();
    CHECK(f.ledger->users.insert(f.user(1, f.domain)));
    f.ledger->commit();
    f.ledger->begin();
    CHECK(f.ledger->users.insert(f.user(2, f.domain)));
    f.ledger->rollback();
    CHECK(f.ledger->users.find(f.domain, guid(1)));
    CHECK_FALSE(f.ledger->users.find(f.domain, guid(2)));
    f.ledger->begin();
    CHECK(f.ledger->users.insert(f.user(2, f.domain)));
    f.ledger->commit();
    f.ledger->expect_bulk(false);
    CHECK(f.indexed());
}

TEST_CASE("a load that was cut off keeps what was committed, and goes on") {
    LoadFixture f;
    f.ledger->expect_bulk(true);
    f.ledger->begin();
    CHECK(f.ledger->users.insert(f.user(1, f.domain)));
    f.ledger->commit();
    f.open();
    CHECK(f.indexed());
    CHECK(f.ledger->users.find(f.domain, guid(1)));
    f.ledger->expect_bulk(true);
    f.ledger->begin();
    CHECK_FALSE(f.ledger->users.insert(f.user(1, f.domain)));
    CHECK(f.ledger->users.insert(f.user(2, f.domain)));
    f.ledger->commit();
    f.ledger->expect_bulk(false);
    CHECK(f.ledger->users.find(f.domain, guid(2)));
}

TEST_CASE("a second domain ends a load: an object may have been moved between the two") {
    LoadFixture f;
    f.ledger->expect_bulk(true);
    f.ledger->begin();
    CHECK(f.ledger->users.insert(f.user(1, f.domain)));
    const DomainId other = f.ledger->add_domain("other.example.com", start);
    CHECK_FALSE(f.ledger->users.loading());
    f.ledger->begin();
    CHECK(f.ledger->users.insert(f.user(1, other)));
    f.ledger->commit();
    CHECK(f.ledger->users.with_guid(guid(1)).size() == 2);
    f.ledger->expect_bulk(false);
    f.ledger->expect_bulk(true);
    CHECK_FALSE(f.ledger->users.loading());
}

}  // namespace
}  // namespace keysyncd::daemon::test
