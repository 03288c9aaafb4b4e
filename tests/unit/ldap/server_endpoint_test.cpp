#include "ldap/server_endpoint.hpp"

#include <doctest/doctest.h>

#include "ldap/server_rotation.hpp"

using namespace keysyncd::ldap;

TEST_CASE("server URLs with and without a port") {
    CHECK(parse_server_endpoint("ldaps://dc1.corp.example") == ServerEndpoint{true, "dc1.corp.example", 636});
    CHECK(parse_server_endpoint("ldap://dc1/") == ServerEndpoint{false, "dc1", 389});
    CHECK(parse_server_endpoint("ldaps://[2001:db8::1]:1636") == ServerEndpoint{true, "2001:db8::1", 1636});
    CHECK(parse_server_endpoint("ldaps://[2001:db8::1]")->url() == "ldaps://[2001:db8::1]:636");
}

TEST_CASE("server URLs that are none say what was expected") {
    for (const auto* wrong : {"", "dc1", "https://dc1", "ldaps://", "ldaps://:636", "ldaps://dc1:", "ldaps://dc1:0",
                              "ldaps://dc1:65536", "ldaps://dc1:63x", "ldaps://dc1/base", "ldaps://user@dc1",
                              "ldaps://[2001:db8::1", "ldaps://[::1]x", "ldaps://dc 1", "LDAPS://dc1"}) {
        CAPTURE(wrong);
        const auto endpoint = parse_server_endpoint(wrong);
        REQUIRE_FALSE(endpoint.has_value());
        CHECK(endpoint.error().find("ldaps://host") != std::string::npos);
    }
}

TEST_CASE("the list's order counts among the servers that have not failed") {
    ServerRotation rotation({"a", "b", "c"});
    CHECK(rotation.current() == "a");
    rotation.failed();
    CHECK(rotation.current() == "b");
    rotation.succeeded();  // b is kept while it answers
    CHECK(rotation.current() == "b");
    rotation.failed();  // now the order counts again
    CHECK(rotation.current() == "a");
    rotation.failed();
    CHECK(rotation.current() == "c");
}

TEST_CASE("when every server has failed the first is tried again") {
    ServerRotation rotation({"a", "b"});
    rotation.failed();
    rotation.failed();
    CHECK(rotation.current() == "a");
    ServerRotation alone({"a"});
    alone.failed();
    CHECK(alone.current() == "a");
}
