// The two DER forms of an RSA public key: PKCS#1 RSAPublicKey (RFC 8017 A.1.1) and SubjectPublicKeyInfo (RFC 5280 4.1).
// Only as much DER as these need, over untrusted bytes; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "ldap/rsa_key_view.hpp"

namespace keysyncd::ldap {

enum class DerForm : std::uint8_t { pkcs1, spki };

struct DerPublicKey {
    DerForm form = DerForm::pkcs1;
    bool malformed = false;         ///< the form is recognised, the rest does not hold together
    std::optional<RsaKeyView> rsa;  ///< none when malformed, and for SubjectPublicKeyInfo of another algorithm
};

/// std::nullopt when it is neither.
[[nodiscard]] std::optional<DerPublicKey> read_der_public_key(std::span<const std::byte> der) noexcept;

}  // namespace keysyncd::ldap
