#include "ldap/custom_key_information.hpp"

#include <doctest/doctest.h>

#include "tests/support/key_credential_builder.hpp"

using keysyncd::ldap::CustomKeyInformation;
using keysyncd::ldap::read_custom_key_information;
using keysyncd::testing::from_hex;

TEST_CASE("each field of CustomKeyInformation is read only if it is there") {
    CHECK(!read_custom_key_information({}).version);
    const auto two = read_custom_key_information(from_hex("0102"));
    CHECK(two.version == 1);
    CHECK(two.has_flag(CustomKeyInformation::mfa_not_used));
    CHECK(!two.has_flag(CustomKeyInformation::attestation));
    CHECK(!two.volume_type);
    const auto six = read_custom_key_information(from_hex("010003010102"));
    CHECK(six.volume_type == 3);
    CHECK(six.supports_notification == 1);
    CHECK(six.fek_key_version == 1);
    CHECK(six.key_strength == 2);
    CHECK(six.extended_bytes == 0);
    const auto fifteen = read_custom_key_information(from_hex("010100000000000000000000000000"));
    CHECK(fifteen.has_flag(CustomKeyInformation::attestation));
    CHECK(fifteen.key_strength == 0);
    CHECK(read_custom_key_information(from_hex("0101000000000000000000000000000000a0")).extended_bytes == 2);
}
