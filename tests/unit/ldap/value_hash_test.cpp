#include "ldap/value_hash.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

std::uint64_t hash_of(std::string_view text) {
    return keysyncd::ldap::value_hash(std::as_bytes(std::span{text}));
}

}  // namespace

// The ledger stores these: they may never change.
TEST_CASE("value hashes are XXH64 with seed 0") {
    CHECK(hash_of("") == 0xEF46DB3751D8E999U);
    CHECK(hash_of("a") == 0xD24EC4F1A98C6E5BU);
    CHECK(hash_of("abc") == 0x44BC2CF5AD770999U);
    CHECK(hash_of("The quick brown fox jumps over the lazy dog") == 0x0B242D361FDA71BCU);
    CHECK(hash_of("Nobody inspects the spammish repetition") == 0xFBCEA83C8A378BF1U);
}

TEST_CASE("every length up to several lanes hashes differently") {
    std::string text;
    std::uint64_t previous = hash_of(text);
    for (int length = 1; length < 100; ++length) {
        text.push_back('\0');
        const std::uint64_t hash = hash_of(text);
        CHECK_MESSAGE(hash != previous, "length ", length);
        previous = hash;
    }
}
