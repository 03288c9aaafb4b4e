#include <doctest/doctest.h>

#include <random>

#include "ldap/key_credential.hpp"
#include "tests/support/key_credential_builder.hpp"

namespace ldap = keysyncd::ldap;
using namespace keysyncd::testing;
using ldap::BlobError;

namespace {

const ldap::Instant now{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}};

void check_refused(const Bytes& blob, BlobError error, std::size_t offset, std::string_view detail) {
    const auto key = ldap::decode_key_credential(blob, now);
    REQUIRE(!key);
    CHECK(to_string(key.error().error) == to_string(error));
    CHECK(key.error().offset == offset);
    CHECK(key.error().detail == detail);
}

}  // namespace

TEST_CASE("a blob without a version is too short") {
    check_refused({}, BlobError::too_short, 0, "expected a version of 4 bytes, found 0");
    check_refused(from_hex("000200"), BlobError::too_short, 0, "expected a version of 4 bytes, found 3");
}

TEST_CASE("other versions are refused") {
    check_refused(from_hex("00030000"), BlobError::unsupported_version, 0,
                  "expected version 0x00000200 (or 0x00000100 or 0), found 0x00000300");
    check_refused(KeyCredentialBuilder{}.version(0xFFFFFFFF).build(), BlobError::unsupported_version, 0,
                  "expected version 0x00000200 (or 0x00000100 or 0), found 0xffffffff");
}

TEST_CASE("bytes left over are no entry") {
    Bytes blob = KeyCredentialBuilder{}.build();
    const std::size_t whole = blob.size();
    blob.push_back(std::byte{0});
    check_refused(blob, BlobError::truncated_header, whole, "expected an entry header of 3 bytes, 1 left");
    blob.push_back(std::byte{0});
    check_refused(blob, BlobError::truncated_header, whole, "expected an entry header of 3 bytes, 2 left");
    blob.push_back(std::byte{0});
    CHECK(ldap::decode_key_credential(blob, now)->has(ldap::Anomaly::unknown_entry));
}

TEST_CASE("an entry longer than what is left is refused with its name and both lengths") {
    Bytes blob = KeyCredentialBuilder{}.build();
    blob.resize(200);
    check_refused(blob, BlobError::truncated_value, 77, "entry 3 (KeyMaterial) says 283 bytes, 123 left");
    check_refused(from_hex("00020000"
                           "ffff33"),
                  BlobError::truncated_value, 7, "entry 51 says 65535 bytes, 0 left");
}

TEST_CASE("version 0 needs its padding too") {
    check_refused(from_hex("00000000"
                           "010001"
                           "aa0000"),
                  BlobError::truncated_value, 7, "entry 1 (KeyID) says 1 bytes, 3 left");
}

TEST_CASE("the three mandatory entries must be there and not empty") {
    check_refused(from_hex("00020000"), BlobError::missing_key_id, 4, "expected entry 1 (KeyID), found none");
    check_refused(KeyCredentialBuilder{}.without(3).entry(1, Bytes(32)).build(), BlobError::missing_key_material, 130,
                  "expected entry 3 (KeyMaterial), found none");
    check_refused(KeyCredentialBuilder{}.without(4).build(), BlobError::missing_key_usage, 412,
                  "expected entry 4 (KeyUsage), found none");
    check_refused(KeyCredentialBuilder{}.entry(1, {}).build(), BlobError::missing_key_id, 7,
                  "expected entry 1 (KeyID), found it empty");
    check_refused(KeyCredentialBuilder{}.entry(4, {}).build(), BlobError::missing_key_usage, 363,
                  "expected entry 4 (KeyUsage), found it empty");
}

TEST_CASE("entries of a fixed size have it") {
    struct Case {
        std::uint8_t id;
        std::size_t bytes;
        std::size_t offset;
        const char* detail;
    };
    for (const auto& [id, bytes, offset, detail] : {
             Case{2, 31, 42, "expected KeyHash of 32 bytes, found 31"},
             Case{4, 2, 363, "expected KeyUsage of 1 byte, found 2"},
             Case{5, 4, 367, "expected KeySource of 1 byte, found 4"},
             Case{6, 15, 371, "expected DeviceId of 16 bytes, found 15"},
             Case{8, 0, 397, "expected KeyApproximateLastLogonTimeStamp of 8 bytes, found 0"},
             Case{9, 9, 408, "expected KeyCreationTime of 8 bytes, found 9"},
         }) {
        CAPTURE(static_cast<unsigned>(id));
        check_refused(KeyCredentialBuilder{}.entry(id, Bytes(bytes)).build(), BlobError::bad_length, offset, detail);
    }
}

TEST_CASE("every cut of a value is refused or reads as less, without touching what is beyond") {
    const Bytes blob = KeyCredentialBuilder{}.build();
    for (std::size_t length = 0; length < blob.size(); ++length) {
        const Bytes cut{blob.begin(), blob.begin() + static_cast<std::ptrdiff_t>(length)};
        const auto key = ldap::decode_key_credential(cut, now);
        // Cut between entries, behind the mandatory ones, it is a value without the rest: the hash tells.
        CHECK_MESSAGE((!key || key->key_hash_valid == false), "length ", length);
    }
}

TEST_CASE("damaged values are refused or told, never worse") {
    std::mt19937 random{20260109};
    const Bytes sound = KeyCredentialBuilder{}.build();
    for (int round = 0; round < 20'000; ++round) {
        Bytes blob = sound;
        const std::size_t changes = 1 + random() % 4;
        for (std::size_t i = 0; i < changes; ++i) {
            blob[random() % blob.size()] ^= static_cast<std::byte>(1 + random() % 255);
        }
        if (const auto key = ldap::decode_key_credential(blob, now); key && blob != sound) {
            CHECK_MESSAGE(!key->anomalies.empty(), "round ", round);
        }
    }
}
