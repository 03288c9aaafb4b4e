#include "daemon/monitor/ledger_service.hpp"

#include <doctest/doctest.h>

#include <array>
#include <fstream>

#include "tests/unit/daemon/recorder_fixture.hpp"

namespace keysyncd::daemon::test {
namespace {

namespace fs = std::filesystem;

// Where a table's root page lies in the file.
std::int64_t root_of(const fs::path& ledger, const std::string& table) {
    Database database{ledger.string(), OpenMode::read_only};
    const std::int64_t page =
        database.scalar("SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = '" + table + "'");
    return (page - 1) * database.scalar("PRAGMA page_size");
}

void overwrite(const fs::path& ledger, std::int64_t at) {
    std::fstream file{ledger, std::ios::in | std::ios::out | std::ios::binary};
    REQUIRE(file.seekp(at));
    file << std::string(1024, '\x7f');
}

struct ServiceFixture {
    ServiceFixture() {
        make();
        service->call([&](LedgerDesk& desk) {
            UserRow user;
            user.domain_id = service->domain_id(domain_name);
            user.guid = guid(1);
            desk.ledger.in_transaction([&] { CHECK(desk.ledger.users.insert(user)); });
        });
    }

    void make() {
        service.reset();
        service = std::make_unique<LedgerService>(settings, slot, [] { return start; }, [this] { told.set_value(); });
    }

    [[nodiscard]] std::size_t set_aside() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            fs::directory_iterator{folder.path()},
            [](const auto& entry) { return entry.path().filename().string().find(".damaged-") != std::string::npos; }));
    }

    [[nodiscard]] bool knows_user() {
        return service->call([&](LedgerDesk& desk) {
            return desk.ledger.users.find(service->domain_id(domain_name), guid(1)).has_value();
        });
    }

    TemporaryFolder folder;
    config::Settings settings = settings_for(folder.path());
    metrics::SnapshotSlot slot;
    std::promise<void> told;
    std::unique_ptr<LedgerService> service;
};

TEST_CASE("damage that a start after a clean stop meets sets the ledger aside") {
    // Each is read at a start, but not by opening the file.
    for (const char* table : {"domains", "figures", "texts"}) {
        CAPTURE(table);
        ServiceFixture f;
        f.service.reset();
        overwrite(f.settings.ledger.path, root_of(f.settings.ledger.path, table));
        CHECK_NOTHROW(f.make());
        CHECK(f.set_aside() == 1);
        CHECK_FALSE(f.knows_user());
    }
}

TEST_CASE("a sound ledger is not set aside by a stop and a start") {
    ServiceFixture f;
    f.make();
    CHECK(f.set_aside() == 0);
    CHECK(f.knows_user());
}

TEST_CASE("damage that shows while the ledger is open is told once, and the next start sets the ledger aside") {
    ServiceFixture f;
    f.make();  // what was written lies in the file itself now, not in its log
    const std::int64_t users = root_of(f.settings.ledger.path, "users");
    f.service->call([](LedgerDesk& desk) { desk.ledger.database().execute("PRAGMA shrink_memory"); });
    overwrite(f.settings.ledger.path, users);
    for (int attempt = 0; attempt < 2; ++attempt) {
        CHECK_THROWS_AS(f.service->call([](LedgerDesk& desk) { return desk.ledger.users.find(UserId{1}); }),
                        SqliteError);
    }
    CHECK(f.told.get_future().wait_for(std::chrono::minutes{1}) == std::future_status::ready);
    f.make();
    CHECK(f.set_aside() == 1);
    CHECK_FALSE(f.knows_user());
}

}  // namespace
}  // namespace keysyncd::daemon::test
