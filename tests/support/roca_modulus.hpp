// A modulus with the fingerprint of the flawed library, made from the definition (Nemec et al., section 2): a power of
// 65537 modulo the product of the odd primes up to 167, plus a multiple of that product. For tests; factors unknown.
#pragma once

#include <cstdint>

#include "tests/support/key_credential_builder.hpp"

namespace keysyncd::testing {

[[nodiscard]] Bytes make_roca_modulus(std::uint32_t seed, std::size_t bits = 2048);

}  // namespace keysyncd::testing
