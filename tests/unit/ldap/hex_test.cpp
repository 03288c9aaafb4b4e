#include "ldap/hex.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace ldap = keysyncd::ldap;

TEST_CASE("hexadecimal of either case decodes, and encodes to lower case") {
    std::vector<std::byte> bytes(5);
    REQUIRE(ldap::decode_hex("00fFAa7e01", bytes));
    CHECK(ldap::encode_hex(bytes) == "00ffaa7e01");
}

TEST_CASE("the position of the first character that is no digit is told") {
    std::vector<std::byte> bytes(4);
    CHECK(ldap::decode_hex("0011g233", bytes).error() == 4);
    CHECK(ldap::decode_hex("0011 233", bytes).error() == 4);
    CHECK(ldap::decode_hex("001122\xC3\xBC", bytes).error() == 6);
    CHECK(ldap::decode_hex("0/:@`g", std::span{bytes}.first(3)).error() == 1);
}

TEST_CASE("no text is no bytes") {
    CHECK(ldap::decode_hex("", {}));
    CHECK(ldap::encode_hex({}).empty());
}
