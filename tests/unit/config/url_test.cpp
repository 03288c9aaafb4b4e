#include "config/url.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace keysyncd::config;

TEST_CASE("server URLs come apart and together again") {
    const std::vector<std::pair<const char*, const char*>> cases{
        {"ldaps://dc1.corp.example.com", "ldaps://dc1.corp.example.com"},
        {"LDAP://DC1:389/", "ldap://dc1:389"},
        {"ldaps://[FE80::1]:636", "ldaps://[fe80::1]:636"},
        {"http://svc%40corp@127.0.0.1:3128", "http://svc%40corp@127.0.0.1:3128"}};
    for (const auto& [text, expected] : cases) {
        CAPTURE(text);
        const auto url = parse_server_url(text);
        REQUIRE(url.has_value());
        CHECK(url->to_string() == expected);
    }
    const auto url = parse_server_url("http://u:p@host");
    REQUIRE(url.has_value());
    CHECK(url->has_password);
    CHECK(url->to_string() == "http://u@host");
    CHECK(url->port_or(80) == 80);
}

TEST_CASE("what is no server URL is told why") {
    const std::vector<std::pair<const char*, const char*>> cases{
        {"", "it has no scheme://"},
        {"dc1:389", "it has no scheme://"},
        {"ldap://", "it has no host"},
        {"ldap://:389", "it has no host"},
        {"ldap://dc1:", "the port is not a number from 1 to 65535"},
        {"ldap://dc1:0", "the port is not a number from 1 to 65535"},
        {"ldap://dc1:+1", "the port is not a number from 1 to 65535"},
        {"ldap://dc1:65536", "the port is not a number from 1 to 65535"},
        {"ldap://dc1:1:2", "the port is not a number from 1 to 65535"},
        {"ldap://dc1?x", "nothing may follow the host and port"},
        {"ldap://dc1/#", "nothing may follow the host and port"},
        {"ldap://dc 1", "the host is neither a DNS name nor an address (IPv6 goes in brackets)"},
        {"ldap://-dc1", "the host is neither a DNS name nor an address (IPv6 goes in brackets)"},
        {"ldap://[::1", "the brackets do not hold an IPv6 address"},
        {"ldap://[dc1]", "the brackets do not hold an IPv6 address"},
        {"ldap://[::1]x", "the port is not a number from 1 to 65535"},
        {"http://a b@dc1", "the user before @ is not well-formed (write special characters as %XX)"},
        {"http://@dc1", "the user before @ is not well-formed (write special characters as %XX)"}};
    for (const auto& [text, expected] : cases) {
        CAPTURE(text);
        const auto url = parse_server_url(text);
        REQUIRE_FALSE(url.has_value());
        CHECK(url.error() == expected);
    }
}

TEST_CASE("DNS names and GUIDs") {
    CHECK(is_dns_name("corp.example.com"));
    CHECK(is_dns_name("_ldap._tcp.corp"));
    CHECK_FALSE(is_dns_name("corp..com"));
    CHECK_FALSE(is_dns_name("corp.com."));
    CHECK_FALSE(is_dns_name("a-.com"));
    CHECK_FALSE(is_dns_name(std::string(64, 'a')));
    CHECK_FALSE(is_dns_name("größe.de"));
    CHECK(is_guid("01234567-89ab-CDEF-0123-456789abcdef"));
    CHECK_FALSE(is_guid("0123456789ab-CDEF-0123-456789abcdef---"));
    CHECK_FALSE(is_guid("{1234567-89ab-CDEF-0123-456789abcde}"));
}
