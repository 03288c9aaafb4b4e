#include "ldap/key_material.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/key_credential_builder.hpp"

namespace ldap = keysyncd::ldap;
using namespace keysyncd::testing;
using ldap::MaterialFormat;

namespace {

const Bytes modulus = make_modulus(7);

void check_rsa(const Bytes& material, MaterialFormat format, std::uint64_t exponent = 65537) {
    const auto inspected = ldap::inspect_key_material(material);
    CHECK(to_string(inspected.format) == to_string(format));
    CHECK(!inspected.malformed);
    REQUIRE(inspected.rsa);
    CHECK(inspected.rsa->bits == 2048);
    CHECK(inspected.rsa->exponent == exponent);
    CHECK(std::ranges::equal(inspected.rsa->modulus, modulus));
}

/// Every proper prefix is of the same format or none, and never sound.
void check_cut_short(const Bytes& material, MaterialFormat format) {
    for (std::size_t length = 4; length < material.size(); ++length) {
        const auto inspected = ldap::inspect_key_material(std::span{material}.first(length));
        CAPTURE(length);
        CHECK((inspected.format == format ? inspected.malformed : inspected.format == MaterialFormat::unknown));
    }
}

}  // namespace

TEST_CASE("RSA keys are read from BCRYPT, PKCS#1, SubjectPublicKeyInfo and TPM material") {
    CHECK(bcrypt_rsa_material(modulus).size() == 283);
    CHECK(pkcs1_material(modulus).size() == 270);
    check_rsa(bcrypt_rsa_material(modulus), MaterialFormat::bcrypt_rsa);
    check_rsa(bcrypt_rsa_material(modulus, 3), MaterialFormat::bcrypt_rsa, 3);
    check_rsa(pkcs1_material(modulus), MaterialFormat::pkcs1_der);
    check_rsa(pkcs1_material(modulus, 3), MaterialFormat::pkcs1_der, 3);
    check_rsa(spki_material(modulus), MaterialFormat::spki_der);
    check_rsa(tpm_material(modulus), MaterialFormat::tpm_pcp);
}

TEST_CASE("TPM material is sought by the header's own length") {
    for (const std::uint32_t header : {46U, 54U, 56U, 100U}) {
        CAPTURE(header);
        check_rsa(tpm_material(modulus, header), MaterialFormat::tpm_pcp);
    }
}

TEST_CASE("a TPM 1.2 key is recognised without its key") {
    Bytes material = tpm_material(modulus);
    material[8] = std::byte{1};
    const auto inspected = ldap::inspect_key_material(material);
    CHECK(inspected.format == MaterialFormat::tpm_pcp);
    CHECK(!inspected.malformed);
    CHECK(!inspected.rsa);
}

TEST_CASE("a TPM key with a scheme or a stated exponent reads the same") {
    Bytes material = tpm_material(modulus);
    const std::size_t scheme = 56 + 2 + 8 + 2 + 32 + 2;
    REQUIRE(material[scheme + 1] == std::byte{0x10});
    SUBCASE("RSASSA with SHA-256") {
        material[scheme + 1] = std::byte{0x14};
        const Bytes hash = from_hex("000b");
        material.insert(material.begin() + scheme + 2, hash.begin(), hash.end());
        material[56 + 1] = static_cast<std::byte>(std::to_integer<unsigned>(material[56 + 1]) + 2);
        material[16] = static_cast<std::byte>(std::to_integer<unsigned>(material[16]) + 2);
        check_rsa(material, MaterialFormat::tpm_pcp);
    }
    SUBCASE("exponent 3") {
        material[scheme + 2 + 2 + 3] = std::byte{3};
        check_rsa(material, MaterialFormat::tpm_pcp, 3);
    }
    SUBCASE("another algorithm") {
        material[56 + 2 + 1] = std::byte{0x23};  // ECC
        const auto inspected = ldap::inspect_key_material(material);
        CHECK(!inspected.malformed);
        CHECK(!inspected.rsa);
    }
}

TEST_CASE("FIDO material is one JSON object with authenticator data") {
    const auto inspect = [](std::string_view text) { return ldap::inspect_key_material(bytes_of(text)); };
    const auto whole = ldap::inspect_key_material(fido_material());
    CHECK(whole.format == MaterialFormat::fido_json);
    CHECK(!whole.malformed);
    const std::string data(52, 'A');
    CHECK(!inspect(R"( )" + std::string{}).rsa);
    CHECK(!inspect(R"({ "x5c" : [ ], "n" : -1.5e3, "b": true, "o":{"k":null}, "authData" : ")" + data + "\" }\n")
               .malformed);
    CHECK(!inspect(R"({"displayName":"say \"}\" \\","authData":")" + data + "\"}").malformed);
    for (const std::string& text :
         {std::string{"{"}, std::string{"{}"}, R"({"authData":"AAAA"})" + std::string{},
          R"({"authData":")" + data + "\"} x", R"({"authData":")" + data + "\"",
          R"({"authData":")" + std::string(52, '!') + "\"}", R"({"authData":7})" + std::string{},
          R"({"x":{"authData":")" + data + "\"}}", R"({"authData":")" + data + "\",}",
          "{\"a\":" + std::string(100, '[') + std::string(100, ']') + ",\"authData\":\"" + data + "\"}"}) {
        CAPTURE(text);
        CHECK(inspect(text).format == MaterialFormat::fido_json);
        CHECK(inspect(text).malformed);
    }
}

TEST_CASE("material cut short is malformed, never read beyond its end") {
    check_cut_short(bcrypt_rsa_material(modulus), MaterialFormat::bcrypt_rsa);
    check_cut_short(pkcs1_material(modulus), MaterialFormat::pkcs1_der);
    check_cut_short(fido_material(), MaterialFormat::fido_json);
    for (const std::size_t length : {4U, 19U, 55U, 56U, 57U, 200U, 371U}) {
        const Bytes material = tpm_material(modulus);
        CAPTURE(length);
        CHECK(ldap::inspect_key_material(std::span{material}.first(length)).malformed);
    }
}

TEST_CASE("BCRYPT material whose numbers contradict each other is malformed") {
    const Bytes sound = bcrypt_rsa_material(modulus);
    for (const std::size_t at : {4U, 8U, 12U, 16U, 20U}) {
        Bytes material = sound;
        material[at] = static_cast<std::byte>(std::to_integer<unsigned>(material[at]) + 1);
        CAPTURE(at);
        CHECK(ldap::inspect_key_material(material).malformed);
    }
    Bytes longer = sound;
    longer.push_back(std::byte{0});
    CHECK(ldap::inspect_key_material(longer).malformed);
    Bytes wrong_bits = sound;
    wrong_bits[4] = std::byte{8};
    CHECK_MESSAGE(ldap::inspect_key_material(wrong_bits).rsa, "a wrong BitLength must not hide the modulus");
    Bytes private_key = sound;
    private_key[3] = std::byte{'2'};
    CHECK(ldap::inspect_key_material(private_key).format == MaterialFormat::unknown);
}

TEST_CASE("a public key of another algorithm is SubjectPublicKeyInfo without RSA numbers") {
    // id-ecPublicKey, prime256v1, a point that is not looked at.
    Bytes material = from_hex(
        "3019"
        "301306072a8648ce3d020106082a8648ce3d030107"
        "0302"
        "0004");
    const auto inspected = ldap::inspect_key_material(material);
    CHECK(inspected.format == MaterialFormat::spki_der);
    CHECK(!inspected.malformed);
    CHECK(!inspected.rsa);
}

TEST_CASE("anything else is unknown") {
    CHECK(ldap::inspect_key_material({}).format == MaterialFormat::unknown);
    CHECK(ldap::inspect_key_material(bytes_of("RSA")).format == MaterialFormat::unknown);
    CHECK(ldap::inspect_key_material(from_hex("3003040101")).format == MaterialFormat::unknown);
    CHECK(ldap::inspect_key_material(Bytes(300, std::byte{0xEE})).format == MaterialFormat::unknown);
}
