#include "ldap/certificate.hpp"

#include <openssl/asn1.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>

namespace keysyncd::ldap {

std::optional<std::chrono::sys_seconds> to_sys_seconds(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
        return std::nullopt;
    }
    return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts)));
}

std::optional<std::chrono::sys_seconds> expiry_of_certificate(std::span<const std::byte> der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        d2i_X509(nullptr, &bytes, static_cast<long>(der.size())), &X509_free);
    if (certificate == nullptr) {
        return std::nullopt;
    }
    return to_sys_seconds(X509_get0_notAfter(certificate.get()));
}

}  // namespace keysyncd::ldap
