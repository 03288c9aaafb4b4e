#include "metrics/source_health.hpp"

#include <doctest/doctest.h>

using namespace keysyncd::metrics;
using namespace std::chrono_literals;

TEST_CASE("one line a source and domain, with the server in use") {
    Instruments instruments({.directories = {{"a", {"dc1", "dc2"}}, {"b", {"dc3"}}}, .graph = true}, {"1", "r", "c"});
    instruments.poll_succeeded(Source::ldap, "a", "dc2", 1ms, UnixTime(Seconds(100)));
    instruments.poll_succeeded(Source::ldap, "b", "dc3", 1ms, UnixTime(Seconds(50)));
    instruments.poll_failed(Source::ldap, "b", "dc3", "timeout", 1ms);
    const auto health = source_health(instruments);
    REQUIRE(health.size() == 3);
    CHECK(health[0].source == "graph");
    CHECK_FALSE(health[0].up);
    CHECK(health[0].last_success == 0);
    CHECK(health[1].domain == "a");
    CHECK(health[1].up);
    CHECK(health[1].server == "dc2");
    CHECK(health[1].last_success == 100);
    CHECK(health[2].domain == "b");
    CHECK_FALSE(health[2].up);
    CHECK(health[2].last_success == 50);
}

TEST_CASE("a server that is only observed is never the one in use") {
    Instruments instruments({.directories = {{"a", {"dc1", "dc2"}, {"dc9"}}}}, {"1", "r", "c"});
    instruments.poll_succeeded(Source::ldap, "a", "dc1", 1ms, UnixTime(Seconds(100)));
    instruments.observed_server("a", "dc9", true);
    CHECK(source_health(instruments).front().server == "dc1");
    instruments.poll_failed(Source::ldap, "a", "", "connect", 1ms);
    CHECK_FALSE(source_health(instruments).front().up);
    CHECK(source_health(instruments).front().server.empty());
}
