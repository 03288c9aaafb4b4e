#include "entra/throttle.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace entra = keysyncd::entra;
using namespace std::chrono_literals;

TEST_CASE("throttle: never more than its number in any window, whatever the pace") {
    entra::Throttle throttle(5, 10s);
    entra::Steady now{1h};
    std::vector<entra::Steady> sent;
    for (int i = 0; i < 200; ++i) {
        now += throttle.wait(now);
        REQUIRE(throttle.wait(now) == 0s);
        sent.push_back(now);
        throttle.count(now);
        now += (i % 7) * 311ms;
    }
    for (std::size_t i = 5; i < sent.size(); ++i) {
        CHECK(sent[i] - sent[i - 5] >= 10s);
    }
}

TEST_CASE("throttle: a burst up to the number goes at once") {
    entra::Throttle throttle(5, 10s);
    const entra::Steady now{1h};
    for (int i = 0; i < 5; ++i) {
        CHECK(throttle.wait(now) == 0s);
        throttle.count(now);
    }
    CHECK(throttle.wait(now) == 10s);
    CHECK(throttle.wait(now + 4s) == 6s);
    CHECK(throttle.wait(now + 10s) == 0s);
}

TEST_CASE("throttle: a pause that the service asked for counts, and the longer one wins") {
    entra::Throttle throttle(5, 10s);
    const entra::Steady now{1h};
    throttle.pause(now + 30s);
    throttle.pause(now + 20s);
    CHECK(throttle.wait(now) == 30s);
    CHECK(throttle.wait(now + 31s) == 0s);
}

TEST_CASE("throttle: slows down from 80 % of the service's limit on") {
    const entra::Steady now{1h};
    const auto wait_at = [&](double share) {
        entra::Throttle throttle(5, 10s);
        throttle.slow_down(share, now);
        return throttle.wait(now);
    };
    CHECK(wait_at(0.79) == 0s);
    CHECK(wait_at(0.8) == 2s);
    CHECK(wait_at(1.3) > 4900ms);
    CHECK(wait_at(1.8) == 10s);
    CHECK(wait_at(99.0) == 10s);
}
