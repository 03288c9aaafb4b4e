#include "ldap/guid.hpp"

#include <doctest/doctest.h>

#include "tests/support/key_credential_builder.hpp"

using keysyncd::ldap::Guid;
using keysyncd::testing::from_hex;

TEST_CASE("a GUID's first three fields are little-endian on the wire") {
    const auto guid = Guid::from_bytes(from_hex("4B5E981009083D448679149422D9E170"));
    REQUIRE(guid);
    CHECK(guid->to_string() == "10985e4b-0809-443d-8679-149422d9e170");
    CHECK(Guid::parse("10985E4B-0809-443D-8679-149422D9E170") == *guid);
    CHECK(Guid::parse("{10985e4b-0809-443d-8679-149422d9e170}") == *guid);
    CHECK(!guid->is_zero());
    CHECK(Guid{}.is_zero());
}

TEST_CASE("what is no GUID is refused") {
    CHECK(!Guid::from_bytes(from_hex("4B5E98")));
    for (const char* text : {"", "10985e4b-0809-443d-8679-149422d9e17", "10985e4b-0809-443d-8679-149422d9e1700",
                             "10985e4b00809-443d-8679-149422d9e170", "g0985e4b-0809-443d-8679-149422d9e170",
                             "{10985e4b-0809-443d-8679-149422d9e170"}) {
        CHECK_MESSAGE(!Guid::parse(text), text);
    }
}
