#include "daemon/rules/sync_stall.hpp"

#include <doctest/doctest.h>

namespace keysyncd::daemon {
namespace {

using namespace std::chrono_literals;

constexpr Instant noon{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + 12h};
constexpr std::chrono::seconds cycle = 30min;

// Connect runs, keys are written, and Graph was asked a minute ago.
SyncEvidence healthy() {
    return {noon - 10min, {noon - 10min, noon - 2min, true, noon - 1min}};
}

bool stalled_since(Ticks waited, const SyncEvidence& evidence) {
    return sync_stalled(noon, noon - waited, evidence, cycle);
}

}  // namespace

TEST_CASE("no key of anyone was written for more than two cycles, and this one came after the newest write") {
    SyncEvidence evidence = healthy();
    CHECK_FALSE(stalled_since(70min, evidence));
    evidence.last_write = noon - 60min;
    CHECK_FALSE(stalled_since(59min, evidence));
    evidence.last_write = noon - 60min - 1s;
    CHECK(stalled_since(60min, evidence));
    evidence.last_write.reset();
    CHECK_MESSAGE(stalled_since(70min, evidence), "none was ever written");
}

TEST_CASE("a key that was left out while others were written is not stalled by a quiet night") {
    SyncEvidence evidence = healthy();
    evidence.last_write = noon - 9h;
    CHECK_FALSE(stalled_since(10h, evidence));
    CHECK_FALSE_MESSAGE(stalled_since(9h, evidence), "registered in the moment of the write");
    CHECK(stalled_since(8h, evidence));
}

TEST_CASE("the tenant's last sync is older than two cycles: whoever waits waits for it") {
    SyncEvidence evidence = healthy();
    evidence.heartbeat.last_sync = noon - 60min;
    CHECK_FALSE(stalled_since(70min, evidence));
    evidence.heartbeat.last_sync = noon - 60min - 1s;
    CHECK(stalled_since(70min, evidence));
    CHECK(tenant_stalled(noon, evidence, cycle));
    evidence.heartbeat.last_sync.reset();
    evidence.heartbeat.last_password_sync.reset();
    CHECK_FALSE(stalled_since(70min, evidence));
}

TEST_CASE("a heartbeat that nobody has read within the last cycle says nothing") {
    SyncEvidence evidence = healthy();
    evidence.heartbeat.last_sync = noon - 130min;
    evidence.heartbeat.last_password_sync = noon - 122min;
    evidence.heartbeat.read_at = noon - 120min;  // Graph is down for two hours, keys are written all the same
    CHECK_FALSE(stalled_since(70min, evidence));
    evidence.heartbeat.read_at = noon - 30min - 1s;
    CHECK_FALSE(stalled_since(70min, evidence));
    evidence.heartbeat.read_at = noon - 30min;
    CHECK(stalled_since(70min, evidence));
    evidence.heartbeat.read_at.reset();  // a ledger of an older version
    CHECK_FALSE(stalled_since(70min, evidence));
    evidence.last_write = noon - 3h;
    CHECK_MESSAGE(stalled_since(70min, evidence), "the writes speak for themselves");
}

TEST_CASE("an old password sync is a stop, where it is on and no written key says otherwise") {
    SyncEvidence evidence = healthy();
    evidence.heartbeat.last_password_sync = noon - 60min - 1s;
    evidence.last_write = noon - 61min;
    CHECK(stalled_since(3h, evidence));
    SUBCASE("it is off, or nobody may know") {
        evidence.heartbeat.password_sync_on = false;
        CHECK_FALSE(stalled_since(3h, evidence));
        evidence.heartbeat.password_sync_on.reset();
        CHECK_FALSE(stalled_since(3h, evidence));
    }
    SUBCASE("it is not that old") {
        evidence.heartbeat.last_password_sync = noon - 60min;
        CHECK_FALSE(stalled_since(3h, evidence));
    }
    SUBCASE("keys are written: only the password sync is broken") {
        evidence.last_write = noon - 10min;
        CHECK_FALSE(stalled_since(3h, evidence));
    }
    SUBCASE("the last sync is not told: it stands for it") {
        evidence.last_write = noon - 10min;
        evidence.heartbeat.last_sync.reset();
        CHECK(stalled_since(3h, evidence));
    }
}

TEST_CASE("a fresh password sync does not excuse an old last sync: its scheduler is another") {
    SyncEvidence evidence = healthy();
    evidence.heartbeat.last_sync = noon - 2h;
    evidence.heartbeat.last_password_sync = noon - 1min;
    CHECK(stalled_since(70min, evidence));
}

}  // namespace keysyncd::daemon
