#include "ldap/sid.hpp"

#include <doctest/doctest.h>

#include "tests/support/key_credential_builder.hpp"

using keysyncd::ldap::Sid;
using keysyncd::testing::from_hex;

TEST_CASE("a SID reads from its wire form and goes back to it") {
    const auto wire = from_hex("010500000000000515000000a065cf7e784b9b5fe77c8770091c0100");
    const auto sid = Sid::from_bytes(wire);
    REQUIRE(sid);
    CHECK(sid->to_string() == "S-1-5-21-2127521184-1604012920-1887927527-72713");
    CHECK(sid->to_bytes() == wire);
    CHECK(sid->rid() == 72713);
    CHECK(sid->domain().to_string() == "S-1-5-21-2127521184-1604012920-1887927527");
    CHECK(Sid::parse(sid->to_string()) == *sid);
}

TEST_CASE("the empty SID has no text, no bytes and no relative identifier") {
    const Sid none;
    CHECK(none.empty());
    CHECK(none.to_string().empty());
    CHECK(none.to_bytes().empty());
    CHECK(none.rid() == 0);
    CHECK(none.domain().empty());
}

TEST_CASE("what is no SID is refused") {
    for (const char* wire : {"", "01", "0100000000000005", "020100000000000515000000", "01020000000000051500000000",
                             "0110000000000005"
                             "00000000"
                             "00000000"
                             "00000000"
                             "00000000"
                             "00000000"
                             "00000000"
                             "00000000"
                             "00000000"
                             "00000000"
                             "00000000"
                             "00000000"
                             "00000000"
                             "00000000"
                             "00000000"
                             "00000000"
                             "00000000"}) {
        CHECK_MESSAGE(!Sid::from_bytes(from_hex(wire)), wire);
    }
    for (const char* text :
         {"", "S-1", "S-1-", "S-1-5", "S-2-5-21", "S-1-5-", "S-1-5-21x", "S-1-5--21", "S-1-5-4294967296",
          "S-1-281474976710656-1", "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16", "S-1-5-+1"}) {
        CHECK_MESSAGE(!Sid::parse(text), text);
    }
}

TEST_CASE("fifteen sub-authorities and a 48-bit authority are the largest") {
    const auto sid = Sid::parse("S-1-281474976710655-1-2-3-4-5-6-7-8-9-10-11-12-13-14-4294967295");
    REQUIRE(sid);
    CHECK(Sid::from_bytes(sid->to_bytes()) == *sid);
    CHECK(sid->to_string() == "S-1-281474976710655-1-2-3-4-5-6-7-8-9-10-11-12-13-14-4294967295");
}
