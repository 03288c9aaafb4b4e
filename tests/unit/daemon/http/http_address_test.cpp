#include "daemon/http/http_address.hpp"

#include <doctest/doctest.h>

using keysyncd::daemon::HttpAddress;
using keysyncd::daemon::is_loopback;
using keysyncd::daemon::parse_http_address;

TEST_CASE("listen addresses in every form that operators write") {
    CHECK(parse_http_address("127.0.0.1:10061") == HttpAddress{"127.0.0.1", 10061});
    CHECK(parse_http_address("[::1]:10061") == HttpAddress{"::1", 10061});
    CHECK(parse_http_address("[::]:0") == HttpAddress{"::", 0});
    CHECK(parse_http_address(":10061") == HttpAddress{"", 10061});
    CHECK(parse_http_address("metrics.corp.example.com:65535") == HttpAddress{"metrics.corp.example.com", 65535});
}

TEST_CASE("what is wrong with a listen address is told, with what was expected") {
    const std::pair<const char*, const char*> wrong[] = {
        {"10061", "no port"},
        {"127.0.0.1", "no port"},
        {"127.0.0.1:", "not a number"},
        {"127.0.0.1:65536", "not a number"},
        {"127.0.0.1:-1", "not a number"},
        {"127.0.0.1: 80", "not a number"},
        {"::1:10061", "in brackets"},
        {"[::1:10061", "not an IPv6 address"},
        {"[127.0.0.1]:80", "not an IPv6 address"},
        {"[]:80", "not an IPv6 address"},
        {"http://127.0.0.1:80", "in brackets"},
        {"a b:80", "not an address"},
    };
    for (const auto& [text, reason] : wrong) {
        CAPTURE(text);
        const auto address = parse_http_address(text);
        REQUIRE_FALSE(address);
        CHECK_MESSAGE(address.error().find(reason) != std::string::npos, address.error());
        CHECK(address.error().find("127.0.0.1:10061") != std::string::npos);
    }
}

TEST_CASE("an address is shown as a client writes it") {
    CHECK(to_string(HttpAddress{"127.0.0.1", 80}) == "127.0.0.1:80");
    CHECK(to_string(HttpAddress{"fe80::1", 80}) == "[fe80::1]:80");
}

TEST_CASE("loopback is what only this machine reaches") {
    CHECK(is_loopback({"127.0.0.1", 1}));
    CHECK(is_loopback({"127.9.8.7", 1}));
    CHECK(is_loopback({"::1", 1}));
    CHECK(is_loopback({"localhost", 1}));
    CHECK_FALSE(is_loopback({"", 1}));
    CHECK_FALSE(is_loopback({"0.0.0.0", 1}));
    CHECK_FALSE(is_loopback({"::", 1}));
    CHECK_FALSE(is_loopback({"10.0.0.1", 1}));
    CHECK_FALSE(is_loopback({"metrics.corp.example.com", 1}));
}
