#include "ldap/key_value.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "ldap/value_hash.hpp"
#include "tests/support/key_credential_builder.hpp"
#include "tests/support/roca_modulus.hpp"

namespace ldap = keysyncd::ldap;
using namespace keysyncd::testing;

namespace {

const ldap::Instant now{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}};

}  // namespace

TEST_CASE("a value becomes the key that the daemon keeps") {
    const KeyCredentialBuilder builder{5};
    const auto whole = ldap::decode_key_credential(builder.build(), now);
    const auto key = ldap::decode_key_value(builder.value("CN=a:b,DC=corp"), now);
    REQUIRE(whole);
    REQUIRE(key);
    CHECK(key->key_id == whole->key_id);
    CHECK(key->usage == ldap::KeyUsage::ngc);
    CHECK(key->source == ldap::KeySource::azure_ad);
    CHECK(key->device_id == whole->device_id);
    CHECK(key->created_at == whole->created_at);
    CHECK(key->anomalies.empty());
    CHECK(key->custom_key_information == from_hex("01000000"));
    CHECK(key->has_last_logon);
    CHECK(key->blob_bytes == 416);
    CHECK(key->value_hash == ldap::value_hash(builder.build()));
    CHECK_FALSE(key->roca_weak);
    CHECK(!key->write);
    const auto weak = KeyCredentialBuilder{5}.material(bcrypt_rsa_material(make_roca_modulus(5)));
    CHECK(ldap::decode_key_value(weak.value(), now)->roca_weak);
}

TEST_CASE("values larger than usual decode the same") {
    const KeyCredentialBuilder builder = KeyCredentialBuilder{}.append(0x40, Bytes(30'000, std::byte{0xAB}));
    const auto key = ldap::decode_key_value(builder.value(), now);
    REQUIRE(key);
    CHECK(key->blob_bytes > 30'000);
    CHECK(key->value_hash == ldap::value_hash(builder.build()));
}

TEST_CASE("a value that does not decode says of what kind it is, and which") {
    const auto truncated = ldap::decode_key_value("B:8:00020000:CN=a", now);
    REQUIRE(!truncated);
    CHECK(truncated.error().kind == "missing_key_id");
    CHECK(truncated.error().value_hash == ldap::value_hash(from_hex("00020000")));
    CHECK(ldap::decode_key_value("B:8:0002000g:CN=a", now).error().kind == "dn_binary");
    CHECK(ldap::decode_key_value("", now).error().kind == "dn_binary");
    CHECK(ldap::decode_key_value("B:6:000200:CN=a", now).error().kind == "too_short");
    const auto kinds = ldap::malformed_kinds();
    CHECK(kinds.size() == 9);
    CHECK(std::ranges::find(kinds, "unknown") == kinds.end());
}
