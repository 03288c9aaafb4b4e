#include "ldap/certificate.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <vector>

using namespace keysyncd::ldap;

namespace {

/// A self-signed certificate in DER. Version 1 certificates leave their version out.
std::vector<std::byte> certificate(std::chrono::sys_seconds not_after, long version = X509_VERSION_3) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), &X509_free);
    X509_set_version(made.get(), version);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 77);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
    ASN1_TIME_set(X509_getm_notAfter(made.get()), not_after.time_since_epoch().count());
    X509_set_pubkey(made.get(), key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("dc1"), -1, -1, 0);
    X509_sign(made.get(), key.get(), EVP_sha256());
    std::vector<std::byte> der(static_cast<std::size_t>(i2d_X509(made.get(), nullptr)));
    auto* at = reinterpret_cast<unsigned char*>(der.data());
    i2d_X509(made.get(), &at);
    return der;
}

const std::chrono::sys_seconds soon = std::chrono::sys_days{std::chrono::January / 31 / 2027};
const std::chrono::sys_seconds late = std::chrono::sys_days{std::chrono::March / 1 / 2061};  // a GeneralizedTime

}  // namespace

TEST_CASE("when a certificate runs out, in either form of time and with or without a version") {
    CHECK(expiry_of_certificate(certificate(soon)) == soon);
    CHECK(expiry_of_certificate(certificate(late)) == late);
    CHECK(expiry_of_certificate(certificate(soon, X509_VERSION_1)) == soon);
}

TEST_CASE("what is no certificate, or only a part of one, has no end") {
    const std::vector<std::byte> whole = certificate(soon);
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
        CAPTURE(bytes);
        CHECK_FALSE(expiry_of_certificate(std::span(whole).first(bytes)));
    }
    const std::vector<std::byte> nonsense(300, std::byte{0x30});
    CHECK_FALSE(expiry_of_certificate(nonsense));
}
