#include "daemon/view/snapshot_builder.hpp"

#include <doctest/doctest.h>

#include "daemon/view/ledger_queries.hpp"
#include "tests/unit/daemon/recorder_fixture.hpp"

namespace keysyncd::daemon::test {
namespace {

using namespace std::chrono_literals;

// One key was left out; Graph tells a heartbeat; another user's key was written after it.
struct Stuck : RecorderFixture {
    Stuck() {
        settings.entra->tenant_id = "tenant";
        sweep({user(1, {}), user(2, {})});
        audit({added("left out", 1, start)});
        heartbeat(start);
        write_another(1min);
    }

    void heartbeat(std::optional<Instant> last_sync) {
        desk->tenant.record_organization({true, last_sync, std::nullopt}, now);
    }

    void write_another(Ticks later) {
        now += later;
        window({user(2, {key(next_key, now - 20min)})});
        ++next_key;
    }

    /// As /metrics has it; the API must say the same.
    metrics::Cause cause() {
        const metrics::Cause shown = figures().waiting.front().cause;
        KeyFilter overdue;
        overdue.state = metrics::State::overdue;
        const auto page = LedgerQueries{settings, ledger->database()}.keys(overdue, now);
        REQUIRE(page);
        REQUIRE(page->keys.size() == 1);
        CHECK(page->keys.front().cause == shown);
        return shown;
    }

    std::uint8_t next_key = 7;
};

}  // namespace

TEST_CASE_FIXTURE(Stuck, "Graph is down for two hours and keys are written: the cause is not known") {
    write_another(2h);
    CHECK(cause() == metrics::Cause::unknown);
    heartbeat(start);
    CHECK_MESSAGE(cause() == metrics::Cause::sync_stalled, "read anew, and still as old");
    heartbeat(now);
    CHECK(cause() == metrics::Cause::unknown);
}

TEST_CASE_FIXTURE(Stuck, "a last sync that Entra tells no more is none") {
    write_another(2h);
    heartbeat(std::nullopt);
    CHECK(cause() == metrics::Cause::unknown);
    CHECK(build_snapshot(*ledger, settings, 0, now)->entra_last_sync == 0);
}

TEST_CASE_FIXTURE(Stuck, "from Graph to exported files alone: what Graph told last is not shown any more") {
    CHECK(build_snapshot(*ledger, settings, 0, now)->entra_last_sync > 0);
    settings.entra->tenant_id.clear();
    const auto snapshot = build_snapshot(*ledger, settings, 0, now);
    CHECK(snapshot->entra_last_sync == 0);
    CHECK_FALSE(snapshot->entra_sync.enabled);
}

TEST_CASE_FIXTURE(Stuck, "a key that was left out does not become a standstill in a quiet night; the next one may") {
    now += 8h;
    heartbeat(now - 10min);
    CHECK(cause() == metrics::Cause::unknown);
    audit({added("in the night", 2, now)});
    now += 70min;
    heartbeat(now - 10min);
    const auto figures_now = figures();
    REQUIRE(figures_now.waiting.size() == 2);
    CHECK(figures_now.waiting[0].cause == metrics::Cause::unknown);
    CHECK(figures_now.waiting[1].cause == metrics::Cause::sync_stalled);
}

}  // namespace keysyncd::daemon::test
