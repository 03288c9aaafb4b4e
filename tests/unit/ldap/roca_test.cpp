#include "ldap/roca.hpp"

#include <doctest/doctest.h>

#include "tests/support/roca_modulus.hpp"

using keysyncd::ldap::has_roca_fingerprint;
using namespace keysyncd::testing;

TEST_CASE("moduli made as the flawed library made them are told") {
    for (const std::size_t bits : {512U, 1024U, 2048U, 4096U}) {
        for (std::uint32_t seed = 1; seed <= 20; ++seed) {
            CAPTURE(bits);
            CAPTURE(seed);
            CHECK(has_roca_fingerprint(make_roca_modulus(seed, bits)));
        }
    }
}

TEST_CASE("other moduli are not") {
    for (std::uint32_t seed = 1; seed <= 2000; ++seed) {
        CHECK_MESSAGE(!has_roca_fingerprint(make_modulus(seed)), "seed ", seed);
    }
}

TEST_CASE("one more, and the fingerprint is gone; leading zeros do not matter") {
    Bytes modulus = make_roca_modulus(3);
    Bytes padded(3);
    padded.insert(padded.end(), modulus.begin(), modulus.end());
    CHECK(has_roca_fingerprint(padded));
    modulus.back() ^= std::byte{2};
    CHECK(!has_roca_fingerprint(modulus));
}

TEST_CASE("no modulus has no fingerprint") {
    CHECK(!has_roca_fingerprint({}));
    CHECK(!has_roca_fingerprint(Bytes(256)));
}

TEST_CASE("the residues are those of the published test") {
    // Modulo 11 the powers of 65537 are 1 and 10, modulo 13 they are 1, 3, 4, 9, 10, 12: 1 is one of all of them.
    CHECK(has_roca_fingerprint(from_hex("01")));
    CHECK(has_roca_fingerprint(from_hex("010001")));
    CHECK(!has_roca_fingerprint(from_hex("02")));
}
