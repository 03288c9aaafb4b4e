#include "ldap/key_credential.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/key_credential_builder.hpp"

namespace ldap = keysyncd::ldap;
using namespace keysyncd::testing;
using ldap::Anomaly;
using ldap::KeySource;
using ldap::KeyUsage;
using namespace std::chrono_literals;

namespace {

const ldap::Instant now{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}};
const ldap::Instant created{std::chrono::sys_days{std::chrono::year{2026} / 1 / 9} + 21h + 20min +
                            ldap::Ticks{27215374}};

ldap::KeyCredential decode(const KeyCredentialBuilder& builder) {
    const auto key = ldap::decode_key_credential(builder.build(), now);
    REQUIRE_MESSAGE(key, (key ? "" : key.error().detail));
    return *key;
}

std::string names(const ldap::KeyCredential& key) {
    std::string text;
    for (const Anomaly anomaly : key.anomalies) {
        text += (text.empty() ? "" : " ") + std::string{to_string(anomaly)};
    }
    return text;
}

}  // namespace

TEST_CASE("a key as Entra Connect writes it is read whole and without anomalies") {
    const auto key = decode(KeyCredentialBuilder{3}.created(created));
    CHECK(names(key) == "");
    CHECK(key.version == 0x200);
    CHECK(key.blob_bytes == 416);
    CHECK(key.entries.size() == 9);
    CHECK(key.entries[2].id == 3);
    CHECK(key.entries[2].offset == 4 + 35 + 35 + 3);
    CHECK(key.entries[2].length == 283);
    CHECK(key.key_id.size() == 32);
    CHECK(key.key_id_is_sha256_of_material);
    CHECK(key.key_hash_valid == true);
    CHECK(key.material_format == ldap::MaterialFormat::bcrypt_rsa);
    CHECK(key.material_bytes == 283);
    CHECK(key.rsa->bits == 2048);
    CHECK(key.rsa->exponent == 65537);
    CHECK(key.rsa->modulus == make_modulus(3));
    CHECK(key.usage == KeyUsage::ngc);
    CHECK(key.source == KeySource::azure_ad);
    CHECK(key.device_id->to_string() == "03030303-0303-0303-0303-030303030303");
    CHECK(key.custom_key_information == from_hex("01000000"));
    CHECK(key.created_at == created);
    CHECK(!key.last_logon_at);
}

TEST_CASE("every usage has its name, others their number") {
    for (const auto& [number, name] : {std::pair{0, "AdminKey"},
                                       {1, "NGC"},
                                       {2, "STK"},
                                       {3, "BitLockerRecovery"},
                                       {4, "Other"},
                                       {5, "5"},
                                       {7, "FIDO"},
                                       {8, "FEK"},
                                       {255, "255"}}) {
        const auto key = decode(KeyCredentialBuilder{}.usage(static_cast<KeyUsage>(number)));
        CHECK(to_string(key.usage) == name);
        CHECK(key.has(Anomaly::unknown_usage) == (number == 5 || number == 255));
    }
}

TEST_CASE("entries 6, 7 and 8 may be missing") {
    const auto key = decode(KeyCredentialBuilder{}.without(6).without(7).without(8));
    CHECK(names(key) == "");
    CHECK(!key.device_id);
    CHECK(!key.custom_key_information);
    CHECK(!key.last_logon_at);
}

TEST_CASE("a missing source means Active Directory and FILETIME") {
    const auto key = decode(KeyCredentialBuilder{}.source(KeySource::active_directory).created(created).without(5));
    CHECK(!key.has_source);
    CHECK(key.source == KeySource::active_directory);
    CHECK(key.created_at == created);
    CHECK(names(key) == "");
}

TEST_CASE("an unknown source is kept as its number and told") {
    const auto key = decode(KeyCredentialBuilder{}.source(static_cast<KeySource>(9)));
    CHECK(to_string(key.source) == "9");
    CHECK(names(key) == "unknown_source");
}

TEST_CASE("FIDO values may carry any credential id") {
    for (const std::size_t length : {16U, 32U, 70U}) {
        const auto key = decode(KeyCredentialBuilder{}
                                    .usage(KeyUsage::fido)
                                    .material(fido_material())
                                    .entry(1, Bytes(length, std::byte{0x42}))
                                    .entry(6, Bytes(16)));
        CHECK(names(key) == "");
        CHECK(key.key_id.size() == length);
        CHECK(!key.key_id_is_sha256_of_material);
        CHECK(key.device_id->is_zero());
        CHECK(key.material_format == ldap::MaterialFormat::fido_json);
        CHECK(!key.rsa);
    }
}

TEST_CASE("hashes that do not hold are told") {
    CHECK(names(decode(KeyCredentialBuilder{}.entry(1, Bytes(32, std::byte{1})))) == "key_id_not_sha256");
    CHECK(names(decode(KeyCredentialBuilder{}.entry(1, Bytes(16, std::byte{1})))) == "key_id_not_sha256 key_id_length");
    const auto mismatch = decode(KeyCredentialBuilder{}.entry(2, Bytes(32, std::byte{1})));
    CHECK(names(mismatch) == "key_hash_mismatch");
    CHECK(mismatch.key_hash_valid == false);
    const auto missing = decode(KeyCredentialBuilder{}.without(2));
    CHECK(names(missing) == "key_hash_missing");
    CHECK(!missing.key_hash_valid);
}

TEST_CASE("without hash checks neither hash is claimed to hold") {
    const auto key =
        ldap::decode_key_credential(KeyCredentialBuilder{}.entry(2, Bytes(32)).build(), now, ldap::HashChecks::off);
    REQUIRE(key);
    CHECK(!key->key_id_is_sha256_of_material);
    CHECK(!key->key_hash_valid);
    CHECK(key->anomalies.empty());
}

TEST_CASE("unknown, repeated and unsorted entries are told, the first of repeated ones counts") {
    const auto unknown = decode(KeyCredentialBuilder{}.append(0x20, bytes_of("future")));
    CHECK(names(unknown) == "unknown_entry");
    CHECK(unknown.entries.back().id == 0x20);
    const auto repeated = decode(KeyCredentialBuilder{}.append(9, little_endian(0, 8)).created(created));
    CHECK(names(repeated) == "duplicate_entry");
    CHECK(repeated.created_at == created);
    CHECK(names(decode(KeyCredentialBuilder{}.without(4).append(4, little_endian(1, 1)))) == "entries_unsorted");
}

TEST_CASE("the source decides a time's encoding even when it comes after it") {
    const auto key = decode(KeyCredentialBuilder{}
                                .created(created)
                                .without(5)
                                .append(5, little_endian(1, 1))
                                .entry(9, little_endian(to_dotnet_utc(created), 8)));
    CHECK(names(key) == "entries_unsorted");
    CHECK(key.created_at == created);
}

TEST_CASE("creation times: mandated encoding, what else it could be, what it can't be") {
    struct Case {
        const char* what;
        KeySource source;
        std::uint64_t raw;
        std::optional<ldap::Instant> at;
        const char* anomalies;
    };
    const std::uint64_t ticks = to_dotnet_utc(created) & 0x3FFF'FFFF'FFFF'FFFFU;
    const ldap::Instant ticks_as_filetime{ldap::Ticks{static_cast<std::int64_t>(ticks) - 116'444'736'000'000'000}};
    for (const auto& [what, source, raw, at, anomalies] : {
             Case{"AD, FILETIME", KeySource::active_directory, to_filetime(created), created, ""},
             Case{"AD, .NET ticks", KeySource::active_directory, ticks, ticks_as_filetime, "creation_time_encoding"},
             Case{"AD, .NET binary", KeySource::active_directory, to_dotnet_utc(created), std::nullopt,
                  "creation_time_encoding"},
             Case{"AD, zero", KeySource::active_directory, 0, std::nullopt, "creation_time_missing"},
             Case{"AD, 1999", KeySource::active_directory, 125'911'584'000'000'000,
                  ldap::Instant{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}}, "creation_time_out_of_range"},
             Case{"AD, beyond 9999", KeySource::active_directory, 0x7FFF'FFFF'FFFF'FFFFU, std::nullopt,
                  "creation_time_out_of_range"},
             Case{"AD, beyond everything", KeySource::active_directory, 0xFFFF'FFFF'FFFF'FFFFU, std::nullopt,
                  "creation_time_out_of_range"},
             Case{"Entra, UTC", KeySource::azure_ad, to_dotnet_utc(created), created, ""},
             Case{"Entra, unspecified kind", KeySource::azure_ad, ticks, created, ""},
             Case{"Entra, local kind", KeySource::azure_ad, 0x8000'0000'0000'0000U | ticks, std::nullopt,
                  "creation_time_local_kind"},
             Case{"Entra, FILETIME", KeySource::azure_ad, to_filetime(created),
                  ldap::Instant{ldap::Ticks{static_cast<std::int64_t>(to_filetime(created)) - 621'355'968'000'000'000}},
                  "creation_time_encoding"},
             Case{"Entra, year 1", KeySource::azure_ad, 0x4000'0000'0000'0000U, std::nullopt, "creation_time_missing"},
             Case{"Entra, in a day", KeySource::azure_ad, to_dotnet_utc(now + 24h), now + 24h, ""},
             Case{"Entra, in two days", KeySource::azure_ad, to_dotnet_utc(now + 48h), now + 48h,
                  "creation_time_out_of_range"},
         }) {
        CAPTURE(what);
        const auto key = decode(KeyCredentialBuilder{}.source(source).entry(9, little_endian(raw, 8)));
        CHECK((key.created_at == at));
        CHECK(names(key) == anomalies);
    }
    CHECK(names(decode(KeyCredentialBuilder{}.without(9))) == "creation_time_missing");
}

TEST_CASE("last logon: Entra's constants tell nothing, others are read as the source mandates") {
    const auto last_logon = [](KeySource source, std::uint64_t raw) {
        return decode(KeyCredentialBuilder{}.source(source).entry(8, little_endian(raw, 8))).last_logon_at;
    };
    CHECK(!last_logon(KeySource::azure_ad, 0x4000'0043'0E23'4000U));
    CHECK(!last_logon(KeySource::azure_ad, 0x4000'0000'0000'0000U));
    CHECK(!last_logon(KeySource::active_directory, 0));
    CHECK((last_logon(KeySource::azure_ad, to_dotnet_utc(created)) == created));
    CHECK((last_logon(KeySource::active_directory, to_filetime(created)) == created));
}

TEST_CASE("version 1: .NET times whatever the source, the usage in text, any KeyID") {
    const auto key = decode(KeyCredentialBuilder{}
                                .version(0x100)
                                .source(KeySource::active_directory)
                                .entry(1, Bytes(16, std::byte{5}))
                                .entry(4, bytes_of("NGC"))
                                .entry(9, little_endian(to_dotnet_utc(created), 8)));
    CHECK(names(key) == "legacy_version");
    CHECK(key.usage == KeyUsage::ngc);
    CHECK(key.created_at == created);
}

TEST_CASE("version 0: values padded to four bytes, times in plain ticks") {
    const std::uint64_t ticks = to_dotnet_utc(created) & 0x3FFF'FFFF'FFFF'FFFFU;
    const auto key =
        decode(KeyCredentialBuilder{}.version(0).entry(4, bytes_of("NGC")).entry(9, little_endian(ticks, 8)));
    CHECK(names(key) == "legacy_version");
    CHECK(key.usage == KeyUsage::ngc);
    CHECK(key.material_bytes == 283);
    CHECK(key.created_at == created);
    CHECK(key.key_hash_valid == true);
    CHECK(names(decode(KeyCredentialBuilder{}.version(0).entry(4, bytes_of("??")).entry(9, little_endian(ticks, 8)))) ==
          "unknown_usage legacy_version");
    CHECK(decode(KeyCredentialBuilder{}.version(0)).has(Anomaly::creation_time_encoding));
}

TEST_CASE("material of an unknown or damaged format is told") {
    CHECK(names(decode(KeyCredentialBuilder{}.material(bytes_of("something else")))) == "unknown_material");
    CHECK(names(decode(KeyCredentialBuilder{}.material(bytes_of("RSA1 and nothing")))) == "material_malformed");
}
