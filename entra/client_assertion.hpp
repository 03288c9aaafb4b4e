// The signed JWT by which an application proves that it holds its certificate's key
// (learn.microsoft.com/entra/identity-platform/certificate-credentials; RFC 7523). Pure but for OpenSSL's random
// numbers.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "config/settings.hpp"
#include "entra/graph_time.hpp"
#include "entra/signing_certificate.hpp"

namespace keysyncd::entra {

struct AssertionClaims {
    std::string audience;   ///< the token endpoint's URL
    std::string client_id;  ///< issuer and subject
    Instant now;
    std::string id;  ///< jti: never used twice
};

/// PS256 with x5t#S256, or RS256 with x5t for endpoints that know nothing newer.
[[nodiscard]] std::expected<std::string, std::string> sign_assertion(const SigningCertificate& certificate,
                                                                     config::AssertionAlgorithm algorithm,
                                                                     const AssertionClaims& claims);

/// A random UUID.
[[nodiscard]] std::string random_id();

}  // namespace keysyncd::entra
