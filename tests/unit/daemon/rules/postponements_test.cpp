#include "daemon/rules/postponements.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace keysyncd::daemon::test {
namespace {

using namespace std::chrono_literals;

constexpr ldap::Instant noon = ldap::Instant{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + 12h};

TEST_CASE("postponed: later and later, up to a day, told the first time, and no more once answered") {
    Postponements postponements;
    CHECK(postponements.is_due("a", noon));
    ldap::Instant now = noon;
    CHECK(postponements.postpone("a", now));
    CHECK(postponements.is_due("b", now));
    for (const ldap::Ticks pause : {ldap::Ticks{5min}, ldap::Ticks{10min}, ldap::Ticks{20min}}) {
        CHECK_FALSE(postponements.is_due("a", now + pause - 1s));
        now += pause;
        CHECK(postponements.is_due("a", now));
        CHECK_FALSE(postponements.postpone("a", now));
    }
    for (int i = 0; i < 40; ++i) {
        CHECK_FALSE(postponements.postpone("a", now));
    }
    CHECK_FALSE(postponements.is_due("a", now + 23h));
    CHECK(postponements.is_due("a", now + 24h));
    postponements.answered("a");
    CHECK(postponements.is_due("a", now));
    CHECK(postponements.postpone("a", now));
}

TEST_CASE("postponed: who is not asked about any more is forgotten, and a clock that was set back keeps nobody") {
    Postponements postponements;
    postponements.postpone("a", noon);
    postponements.postpone("b", noon);
    postponements.keep_only(std::vector<std::string>{"b", "c"});
    CHECK(postponements.is_due("a", noon));
    CHECK_FALSE(postponements.is_due("b", noon));
    CHECK(postponements.is_due("b", noon - 2h));
}

}  // namespace
}  // namespace keysyncd::daemon::test
