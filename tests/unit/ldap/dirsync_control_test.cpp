#include "ldap/dirsync_control.hpp"

#include <doctest/doctest.h>

#include "tests/support/key_credential_builder.hpp"

namespace ldap = keysyncd::ldap;
using keysyncd::testing::Bytes;
using keysyncd::testing::bytes_of;
using keysyncd::testing::from_hex;

namespace {

std::string text_of(const Bytes& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("a request is SEQUENCE {flags, bytes, cookie}, the topmost flag a negative number") {
    CHECK(bytes_of(ldap::encode_dirsync_request({})) == from_hex("3008"
                                                                 "020100"
                                                                 "020100"
                                                                 "0400"));
    CHECK(bytes_of(ldap::encode_dirsync_request(
              {.flags = ldap::dirsync_flag::incremental_values | ldap::dirsync_flag::object_security,
               .most_bytes = 0x10000,
               .cookie = "ab"})) == from_hex("300f"
                                             "020480000001"
                                             "0203010000"
                                             "04026162"));
}

TEST_CASE("requests and answers go both ways") {
    const std::string cookie{"MSDS\0\x03\xff", 7};
    for (const std::uint32_t flags : {0U, 1U, 0x801U, 0x80000001U, 0xFFFFFFFFU}) {
        const auto request = ldap::decode_dirsync_request(
            ldap::encode_dirsync_request({.flags = flags, .most_bytes = -1, .cookie = cookie}));
        REQUIRE(request);
        CHECK(request->flags == flags);
        CHECK(request->most_bytes == -1);
        CHECK(request->cookie == cookie);
    }
    const auto response =
        ldap::decode_dirsync_response(ldap::encode_dirsync_response({.more = true, .cookie = cookie}));
    REQUIRE(response);
    CHECK(response->more);
    CHECK(response->cookie == cookie);
    CHECK(!ldap::decode_dirsync_response(ldap::encode_dirsync_response({}))->more);
}

TEST_CASE("any MoreResults but zero means more, in any length of BER") {
    CHECK(ldap::decode_dirsync_response(text_of(from_hex("3081080201ff02010004"
                                                         "00")))
              ->more);
    CHECK(ldap::decode_dirsync_response(text_of(from_hex("30840000000b"
                                                         "0201010201000403616263")))
              ->cookie == "abc");
}

TEST_CASE("what is no such sequence is refused") {
    for (const char* hex : {"", "30", "3000", "3003020100", "3006020100020100", "30080201000201000500",
                            "310802010002010004"
                            "00",
                            "300802010002010004"
                            "05",
                            "3009020100020100040161"
                            "ff",
                            "300a0201000201000400"
                            "0400",
                            "30080201000201000400"
                            "00",
                            "3080020100020100040000"
                            "00",
                            "300c02050100000000"
                            "0201000400",
                            "30ffffffffffffffffff"}) {
        CAPTURE(hex);
        CHECK(!ldap::decode_dirsync_response(text_of(from_hex(hex))));
        CHECK(!ldap::decode_dirsync_request(text_of(from_hex(hex))));
    }
}

TEST_CASE("a cookie larger than could be stored is refused") {
    CHECK(ldap::decode_dirsync_response(
        ldap::encode_dirsync_response({.more = false, .cookie = std::string(1U << 20U, 'x')})));
    CHECK(!ldap::decode_dirsync_response(
        ldap::encode_dirsync_response({.more = false, .cookie = std::string((1U << 20U) + 1, 'x')})));
}
