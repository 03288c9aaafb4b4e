#include "entra/throttle.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace entra = keysyncd::entra;
using namespace std::chrono_literals;

TEST_CASE("throttle: never more than its number in any window, whatever the pace") {
    const entra::Throttle throttle(5, 10s);
    entra::RequestHistory history;
    entra::Steady now{1h};
    std::vector<entra::Steady> sent;
    for (int i = 0; i < 200; ++i) {
        now += throttle.wait(history, now);
        REQUIRE(throttle.wait(history, now) == 0s);
        sent.push_back(now);
        throttle.begin(history, now, now + 60s);
        entra::Throttle::settle(history, now + 60s, now);
        now += (i % 7) * 311ms;
    }
    for (std::size_t i = 5; i < sent.size(); ++i) {
        CHECK(sent[i] - sent[i - 5] >= 10s);
    }
    CHECK(history.counted.size() <= 6);
}

TEST_CASE("throttle: a burst up to the number goes at once") {
    const entra::Throttle throttle(5, 10s);
    entra::RequestHistory history;
    const entra::Steady now{1h};
    for (int i = 0; i < 5; ++i) {
        CHECK(throttle.wait(history, now) == 0s);
        throttle.begin(history, now, now + 60s);
        entra::Throttle::settle(history, now + 60s, now);
    }
    CHECK(throttle.wait(history, now) == 10s);
    CHECK(throttle.wait(history, now + 4s) == 6s);
    CHECK(throttle.wait(history, now + 10s) == 0s);
}

TEST_CASE("throttle: a request on its way keeps its place until its answer, and at the longest until its deadline") {
    const entra::Throttle throttle(1, 10s);
    entra::RequestHistory history;
    const entra::Steady now{1h};
    throttle.begin(history, now, now + 60s);
    CHECK(throttle.wait(history, now) == 200ms);
    CHECK(throttle.wait(history, now + 30s) == 200ms);
    CHECK(throttle.wait(history, now + 60s) == 10s);  // its process is gone: it may have been counted as late as that
    CHECK(throttle.wait(history, now + 70s) == 0s);
    entra::Throttle::settle(history, now + 60s, now + 3s);
    CHECK(throttle.wait(history, now + 3s) == 10s);
    CHECK(throttle.wait(history, now + 13s) == 0s);
}

TEST_CASE("throttle: a lower limit heeds what was asked under a higher one") {
    entra::RequestHistory history;
    const entra::Steady now{1h};
    for (int i = 0; i < 5; ++i) {
        entra::Throttle(5, 10s).begin(history, now, now + std::chrono::seconds{i});
    }
    CHECK(entra::Throttle(2, 10s).wait(history, now + 5s) == 8s);
}

TEST_CASE("throttle: a pause that the service asked for counts, and the longer one wins") {
    const entra::Throttle throttle(5, 10s);
    entra::RequestHistory history;
    const entra::Steady now{1h};
    entra::Throttle::silence(history, now + 30s);
    entra::Throttle::silence(history, now + 20s);
    CHECK(history.silenced_until == now + 30s);
    CHECK(throttle.wait(history, now) == 30s);
    CHECK(throttle.wait(history, now + 31s) == 0s);
}

TEST_CASE("throttle: slows down from 80 % of the service's limit on") {
    const entra::Steady now{1h};
    const auto wait_at = [&](double share) {
        const entra::Throttle throttle(5, 10s);
        entra::RequestHistory history;
        throttle.slow_down(history, share, now);
        return throttle.wait(history, now);
    };
    CHECK(wait_at(0.79) == 0s);
    CHECK(wait_at(0.8) == 2s);
    CHECK(wait_at(1.3) > 4900ms);
    CHECK(wait_at(1.8) == 10s);
    CHECK(wait_at(99.0) == 10s);
}
