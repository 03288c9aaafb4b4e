// ROCA (CVE-2017-15361, Nemec et al., CCS 2017): RSA moduli of a flawed TPM library, whose private keys can be
// computed. Their primes are powers of 65537 modulo a product of small primes, and so is then the modulus itself. Pure.
#pragma once

#include <cstddef>
#include <span>

namespace keysyncd::ldap {

/// `modulus` is big-endian. Needs nothing but the modulus; one in some 2^27 sound ones is taken for weak.
[[nodiscard]] bool has_roca_fingerprint(std::span<const std::byte> modulus) noexcept;

}  // namespace keysyncd::ldap
