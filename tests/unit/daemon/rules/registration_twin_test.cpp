#include "daemon/rules/registration_twin.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace keysyncd::daemon::test {
namespace {

using namespace std::chrono_literals;
using Known = std::vector<ToldRegistration>;

constexpr Instant noon = Instant{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + 12h};

TEST_CASE("twins: the nearest in time that the other source told") {
    const Known known{{false, noon - 4min, ""}, {false, noon + 3min, ""}, {true, noon, "x"}};
    CHECK(find_twin({true, noon, "m"}, known) == 1);
    CHECK(find_twin({false, noon + 10s, ""}, known) == 2);
    CHECK_FALSE(find_twin({true, noon + 20min, "m"}, known).has_value());
}

TEST_CASE("twins: one source's events are registrations of their own, also when Entra has shown one of them") {
    CHECK_FALSE(find_twin({false, noon, ""}, Known{{false, noon, ""}, {false, noon, "m"}}).has_value());
    CHECK_FALSE(find_twin({true, noon, "a"}, Known{{true, noon, "b"}}).has_value());
}

TEST_CASE("twins: the method's id decides where both have one") {
    const Known known{{false, noon, "a"}, {false, noon - 2h, "b"}};
    CHECK(find_twin({true, noon, "b"}, known) == 1);
    CHECK_FALSE(find_twin({true, noon, "c"}, known).has_value());
}

}  // namespace
}  // namespace keysyncd::daemon::test
