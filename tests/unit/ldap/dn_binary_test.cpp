#include "ldap/dn_binary.hpp"

#include <doctest/doctest.h>

#include "ldap/hex.hpp"

namespace ldap = keysyncd::ldap;

TEST_CASE("only the first three colons of a DN-Binary value separate") {
    const auto value = ldap::parse_dn_binary("B:8:00fFAb12:CN=a:b::c,DC=corp");
    REQUIRE(value);
    CHECK(ldap::encode_hex(value->binary) == "00ffab12");
    CHECK(value->dn == "CN=a:b::c,DC=corp");
}

TEST_CASE("an empty binary part and an empty DN are values") {
    const auto value = ldap::parse_dn_binary("B:0::");
    REQUIRE(value);
    CHECK(value->binary.empty());
    CHECK(value->dn.empty());
}

TEST_CASE("what is wrong with a DN-Binary value is told with its position") {
    struct Case {
        const char* text;
        ldap::DnBinaryError error;
        std::size_t offset;
    };
    for (const auto& [text, error, offset] : {
             Case{"", ldap::DnBinaryError::not_dn_binary, 0},
             Case{"S:8:00ffab12:CN=a", ldap::DnBinaryError::not_dn_binary, 0},
             Case{"b:8:00ffab12:CN=a", ldap::DnBinaryError::not_dn_binary, 0},
             Case{"B:", ldap::DnBinaryError::bad_count, 2},
             Case{"B::00:CN=a", ldap::DnBinaryError::bad_count, 2},
             Case{"B:-8:00ffab12:CN=a", ldap::DnBinaryError::bad_count, 2},
             Case{"B:8x:00ffab12:CN=a", ldap::DnBinaryError::bad_count, 3},
             Case{"B:8", ldap::DnBinaryError::bad_count, 3},
             Case{"B:99999999999999999999999:00:CN=a", ldap::DnBinaryError::bad_count, 2},
             Case{"B:18446744073709551615:00:CN=a", ldap::DnBinaryError::count_mismatch, 30},
             Case{"B:6:00ffab12:CN=a", ldap::DnBinaryError::count_mismatch, 12},
             Case{"B:10:00ffab12:CN=a", ldap::DnBinaryError::count_mismatch, 13},
             Case{"B:8:00ffab12", ldap::DnBinaryError::missing_dn_separator, 12},
             Case{"B:7:00ffab1:CN=a", ldap::DnBinaryError::odd_hex, 2},
             Case{"B:8:00ffxb12:CN=a", ldap::DnBinaryError::bad_hex, 8},
         }) {
        CAPTURE(text);
        const auto value = ldap::parse_dn_binary(text);
        REQUIRE(!value);
        CHECK(to_string(value.error().error) == to_string(error));
        CHECK(value.error().offset == offset);
        CHECK(!value.error().detail.empty());
    }
}
