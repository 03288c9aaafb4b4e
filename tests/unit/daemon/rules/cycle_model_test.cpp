#include "daemon/rules/cycle_model.hpp"

#include <doctest/doctest.h>

namespace keysyncd::daemon {
namespace {

using namespace std::chrono_literals;
using ldap::Instant;
using ldap::Ticks;

constexpr Instant noon{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + 12h};

std::vector<WriteBurst> bursts_at(const std::vector<std::chrono::seconds>& offsets) {
    std::vector<WriteBurst> bursts;
    for (const auto offset : offsets) {
        bursts.push_back({noon + offset, noon + offset + 2s, 3});
    }
    return bursts;
}

TEST_CASE("two bursts say nothing yet") {
    CHECK_FALSE(observe_cycle({}, 30min));
    CHECK_FALSE(observe_cycle(bursts_at({0s, 1800s}), 30min));
}

TEST_CASE("a steady beat is found, idle cycles and jitter included") {
    const auto cycle = observe_cycle(bursts_at({0s, 1810s, 3600s, 7195s, 9005s}), 30min);
    REQUIRE(cycle);
    CHECK(cycle->period > Ticks{1795s});
    CHECK(cycle->period < Ticks{1805s});
    CHECK(cycle->uncertainty <= Ticks{20s});
    CHECK(cycle->last == noon + 9005s);
}

TEST_CASE("a cycle that is longer than configured is told as it is") {
    const auto cycle = observe_cycle(bursts_at({0s, 3600s, 7200s, 14400s, 18000s}), 30min);
    REQUIRE(cycle);
    CHECK(cycle->period == Ticks{3600s});
}

TEST_CASE("a cycle that is shorter than configured is told as it is") {
    const auto cycle = observe_cycle(bursts_at({0s, 600s, 1200s, 1800s, 3000s}), 30min);
    REQUIRE(cycle);
    CHECK(cycle->period == Ticks{600s});
}

TEST_CASE("writes without any beat give no cycle") {
    CHECK_FALSE(observe_cycle(bursts_at({0s, 700s, 3100s, 3900s, 9100s, 9800s, 17300s}), 30min));
}

TEST_CASE("the next beat is after now, however long nothing was written") {
    const ObservedCycle cycle{1800s, 5s, noon};
    CHECK(next_cycle(cycle, noon) == noon + 1800s);
    CHECK(next_cycle(cycle, noon + 1799s) == noon + 1800s);
    CHECK(next_cycle(cycle, noon + 1800s) == noon + 3600s);
    CHECK(next_cycle(cycle, noon + 10h + 1s) == noon + 10h + 1800s);
    CHECK(next_cycle(cycle, noon - 10s) == noon + 1800s);
}

}  // namespace
}  // namespace keysyncd::daemon
