#include "daemon/rules/correlation.hpp"

#include <doctest/doctest.h>

#include <array>

namespace keysyncd::daemon {
namespace {

using namespace std::chrono_literals;

constexpr Instant noon{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + 12h};

std::chrono::sys_seconds seconds_of(Instant at) {
    return std::chrono::floor<std::chrono::seconds>(at);
}

TEST_CASE("an exact write is a point, whatever the polls were") {
    const Sighting sighting{noon - 1min, noon, seconds_of(noon - 10s),
                            ldap::DirectoryKey::Write{noon - 30s, noon - 30s, 1, {}}, 0ns};
    const WriteInterval write = bound_write(sighting, noon - 20min);
    CHECK(write.earliest == noon - 30s);
    CHECK(write.latest == noon - 30s);
    CHECK(write.precision == metrics::Precision::exact);
    CHECK_FALSE(write.readded);
}

TEST_CASE("a value that was deleted and added again says so") {
    const Sighting sighting{noon - 1min, noon, {}, ldap::DirectoryKey::Write{noon - 30s, noon - 2h, 3, {}}, 0ns};
    CHECK(bound_write(sighting, noon - 3h).readded);
}

TEST_CASE("without metadata the write lies between the last pass and now, narrowed by whenChanged") {
    SUBCASE("whenChanged narrows the upper bound") {
        const WriteInterval write = bound_write({noon - 1min, noon, seconds_of(noon - 40s), {}, 0ns}, noon - 20min);
        CHECK(write.earliest == noon - 1min);
        CHECK(write.latest == noon - 40s);
        CHECK(write.precision == metrics::Precision::bounded);
    }
    SUBCASE("without whenChanged it is the time of reading") {
        CHECK(bound_write({noon - 1min, noon, {}, {}, 0ns}, noon - 20min).latest == noon);
    }
    SUBCASE("before the first pass only the registration bounds it from below") {
        CHECK(bound_write({std::nullopt, noon, seconds_of(noon - 40s), {}, 0ns}, noon - 20min).earliest ==
              noon - 20min);
    }
    SUBCASE("a registration after the last pass is the later lower bound") {
        CHECK(bound_write({noon - 1min, noon, seconds_of(noon - 5s), {}, 0ns}, noon - 20s).earliest == noon - 20s);
    }
    SUBCASE("a clock that is behind widens the upper bound, but not beyond the reading") {
        CHECK(bound_write({noon - 1min, noon, seconds_of(noon - 40s), {}, -10s}, noon - 20min).latest == noon - 30s);
        CHECK(bound_write({noon - 1min, noon, seconds_of(noon - 4s), {}, -10s}, noon - 20min).latest == noon);
    }
    SUBCASE("an offset below the resolution of currentTime is noise") {
        CHECK(bound_write({noon - 1min, noon, seconds_of(noon - 40s), {}, -1500ms}, noon - 20min).latest == noon - 40s);
    }
    SUBCASE("earliest never exceeds latest") {
        const WriteInterval write = bound_write({noon, noon, seconds_of(noon - 40s), {}, 0ns}, noon - 20min);
        CHECK(write.earliest == write.latest);
    }
}

TEST_CASE("a key was hidden where its user has not changed since the last look at that database") {
    Sighting sighting{noon - 10min, noon, seconds_of(noon - 12min), {}, 0ns, true};
    CHECK(was_hidden(sighting, noon - 2h));
    CHECK(was_hidden(sighting, std::nullopt));
    SUBCASE("the write lies anywhere between its registration and the change") {
        const WriteInterval write = bound_write(sighting, noon - 2h);
        CHECK(write.earliest == noon - 2h);
        CHECK(write.latest == noon - 12min);
        CHECK(bound_write(sighting, std::nullopt).earliest == Instant::min());
    }
    SUBCASE("not where the change did not bring it, but for a second and the clock's offset") {
        CHECK(was_hidden(sighting, noon - 12min + 900ms));
        CHECK_FALSE(was_hidden(sighting, noon - 12min + 1100ms));
        CHECK_FALSE(was_hidden(sighting, noon - 11min));
        sighting.clock_offset = -2min;
        CHECK(was_hidden(sighting, noon - 11min));
    }
    SUBCASE("not where it has changed") {
        sighting.unchanged = false;
        CHECK_FALSE(was_hidden(sighting, noon - 2h));
    }
    SUBCASE("not where the last change is not known") {
        sighting.when_changed.reset();
        CHECK_FALSE(was_hidden(sighting, noon - 2h));
    }
    SUBCASE("not where the write itself is known") {
        sighting.write = ldap::DirectoryKey::Write{noon - 1h, noon - 1h, 1, {}};
        CHECK_FALSE(was_hidden(sighting, noon - 2h));
    }
}

TEST_CASE("a delay below zero is 0 within a second and the offset, and no measurement beyond") {
    const WriteInterval write{noon, noon};
    CHECK(measure_delay(noon - 90s, write, 0ns) == Ticks{90s});
    CHECK(measure_delay(noon + 900ms, write, 0ns) == Ticks{0});
    CHECK(measure_delay(noon + 1100ms, write, 0ns) == std::nullopt);
    CHECK(measure_delay(noon + 5s, write, 4s) == Ticks{0});
    CHECK(measure_delay(noon + 5s, write, -4s) == Ticks{0});
    CHECK(measure_delay(noon + 6s, write, 4s) == std::nullopt);
}

TEST_CASE("missed cycles are whole cycles beyond the first and its grace") {
    CHECK(missed_cycles(0s, 30min, 5min) == 0);
    CHECK(missed_cycles(35min, 30min, 5min) == 0);
    CHECK(missed_cycles(Ticks{35min} + Ticks{1}, 30min, 5min) == 1);
    CHECK(missed_cycles(65min, 30min, 5min) == 1);
    CHECK(missed_cycles(Ticks{65min} + Ticks{1}, 30min, 5min) == 2);
    CHECK(missed_cycles(24h, 30min, 5min) == 47);
    CHECK(missed_cycles(24h, 0s, 0s) == 0);
}

TEST_CASE("the nearest time within the tolerance, the first of equals") {
    const std::array times{noon - 4min, noon + 10s, noon - 10s};
    CHECK(nearest(noon, times) == 1);
    CHECK(nearest(noon - 3min, times) == 0);
    CHECK(nearest(noon + 5min + 11s, times) == std::nullopt);
    CHECK(nearest(noon, {}) == std::nullopt);
}

TEST_CASE("what a deletion in Entra means") {
    const Instant deleted = noon;
    const std::array waiting{noon - 20min, noon - 10min};
    const std::array written{noon - 2h};
    SUBCASE("only waiting keys: the oldest is withdrawn") {
        const auto decision = decide_deletion({deleted, waiting, {}, {}}, noon, 65min);
        CHECK(decision.outcome == DeletionOutcome::withdraws);
        CHECK(decision.index == 0);
    }
    SUBCASE("a key registered after the deletion is not meant") {
        const std::array later{noon + 1s};
        CHECK(decide_deletion({deleted, later, {}, {}}, noon + 1min, 65min).outcome == DeletionOutcome::open);
    }
    SUBCASE("only written keys: wait for the removal") {
        CHECK(decide_deletion({deleted, {}, written, {}}, noon + 24h, 65min).outcome == DeletionOutcome::open);
    }
    SUBCASE("both: wait, then the waiting key was meant") {
        CHECK(decide_deletion({deleted, waiting, written, {}}, noon + 64min, 65min).outcome == DeletionOutcome::open);
        CHECK(decide_deletion({deleted, waiting, written, {}}, noon + 65min, 65min).outcome ==
              DeletionOutcome::withdraws);
    }
    SUBCASE("a removal since explains it") {
        const std::array removed{noon - 3h, noon + 20min};
        const auto decision = decide_deletion({deleted, waiting, {}, removed}, noon + 30min, 65min);
        CHECK(decision.outcome == DeletionOutcome::explains_removal);
        CHECK(decision.index == 1);
    }
    SUBCASE("nothing known yet: wait for the late event") {
        CHECK(decide_deletion({deleted, {}, {}, {}}, noon, 65min).outcome == DeletionOutcome::open);
    }
}

TEST_CASE("the cause is the most specific one") {
    CHECK(cause_of(AccountFinding::absent, true, true) == metrics::Cause::not_in_directory);
    CHECK(cause_of(AccountFinding::disabled, true, true) == metrics::Cause::account_disabled);
    CHECK(cause_of(AccountFinding::protected_account, true, true) == metrics::Cause::protected_account);
    CHECK(cause_of(AccountFinding::normal, true, true) == metrics::Cause::provisioning_error);
    CHECK(cause_of(AccountFinding::normal, false, true) == metrics::Cause::sync_stalled);
    CHECK(cause_of(AccountFinding::unknown, false, false) == metrics::Cause::unknown);
}

}  // namespace
}  // namespace keysyncd::daemon
