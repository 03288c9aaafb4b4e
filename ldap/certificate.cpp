#include "ldap/certificate.hpp"

#include <openssl/asn1.h>

#include <ctime>
#include <initializer_list>
#include <memory>
#include <optional>

namespace keysyncd::ldap {
namespace {

using Der = std::span<const unsigned char>;

struct Element {
    int tag = 0;
    int kind = 0;  // V_ASN1_UNIVERSAL, V_ASN1_CONTEXT_SPECIFIC, ...
    Der whole, content, rest;
};

std::optional<Element> first_element(Der der) {
    const unsigned char* at = der.data();
    long length = 0;
    Element element;
    if (const int flags = ASN1_get_object(&at, &length, &element.tag, &element.kind, static_cast<long>(der.size()));
        (flags & 0x80) != 0 || (flags & 1) != 0) {
        return std::nullopt;  // no object here, or one of indefinite length, which is no DER
    }
    const auto head = static_cast<std::size_t>(at - der.data());
    element.whole = der.first(head + static_cast<std::size_t>(length));
    element.content = element.whole.subspan(head);
    element.rest = der.subspan(element.whole.size());
    return element;
}

std::optional<Element> sequence(Der der) {
    auto element = first_element(der);
    return element && element->tag == V_ASN1_SEQUENCE && element->kind == V_ASN1_UNIVERSAL ? element : std::nullopt;
}

/// notAfter of a Certificate (RFC 5280 4.1), as it is encoded.
std::optional<Der> not_after(Der der) {
    const auto certificate = sequence(der);
    const auto body = certificate ? sequence(certificate->content) : std::nullopt;
    auto field = body ? first_element(body->content) : std::nullopt;
    if (field && field->kind == V_ASN1_CONTEXT_SPECIFIC) {
        field = first_element(field->rest);  // the version is left out of the first version's
    }
    for (int passed = 0; field && passed < 3; ++passed) {  // serialNumber, signature, issuer
        field = first_element(field->rest);
    }
    const auto validity = field ? sequence(field->whole) : std::nullopt;
    const auto not_before = validity ? first_element(validity->content) : std::nullopt;
    const auto end = not_before ? first_element(not_before->rest) : std::nullopt;
    return end ? std::optional{end->whole} : std::nullopt;
}

}  // namespace

std::optional<std::chrono::sys_seconds> to_sys_seconds(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
        return std::nullopt;
    }
    return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts)));
}

// Not by d2i_X509: to decode the public key too it loads every algorithm of OpenSSL's default provider.
std::optional<std::chrono::sys_seconds> expiry_of_certificate(std::span<const std::byte> der) {
    const auto encoded = not_after({reinterpret_cast<const unsigned char*>(der.data()), der.size()});
    if (!encoded) {
        return std::nullopt;
    }
    const unsigned char* at = encoded->data();
    const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> time(
        d2i_ASN1_TIME(nullptr, &at, static_cast<long>(encoded->size())), &ASN1_TIME_free);
    return to_sys_seconds(time.get());
}

}  // namespace keysyncd::ldap
