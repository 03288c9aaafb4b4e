#include "ldap/hex.hpp"

#include <doctest/doctest.h>

#include <string>
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

TEST_CASE("every length decodes, and every wrong character at every place is found") {
    for (std::size_t length = 0; length <= 70; length += 2) {
        std::string text;
        for (std::size_t i = 0; i < length; ++i) {
            text += "0123456789abcdefABCDEF"[(7 * i + length) % 22];
        }
        std::vector<std::byte> bytes(length / 2);
        REQUIRE(ldap::decode_hex(text, bytes));
        std::string lower = text;
        for (char& c : lower) {
            c = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
        }
        CHECK(ldap::encode_hex(bytes) == lower);
        for (std::size_t at = 0; at < length; ++at) {
            for (const char wrong : {'/', ':', '@', 'G', '`', 'g', '\0', '\x10', '\x7f', '\xb1', '\xc1', '\xe1'}) {
                std::string damaged = text;
                damaged[at] = wrong;
                const auto decoded = ldap::decode_hex(damaged, bytes);
                CHECK_MESSAGE((!decoded && decoded.error() == at), "length ", length, ", at ", at);
            }
        }
    }
}

TEST_CASE("no text is no bytes") {
    CHECK(ldap::decode_hex("", {}));
    CHECK(ldap::encode_hex({}).empty());
}
