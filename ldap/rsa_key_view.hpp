// An RSA public key where it stands in a key's material: numbers read, the modulus not copied.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace keysyncd::ldap {

struct RsaKeyView {
    std::uint32_t bits = 0;
    std::uint64_t exponent = 0;
    std::span<const std::byte> modulus;  ///< big-endian, without leading zeros
};

/// From the big-endian numbers into `key`, built in place; nothing when either is zero or the exponent is above 64
/// bits.
inline void read_rsa_numbers(std::span<const std::byte> modulus, std::span<const std::byte> exponent,
                             std::optional<RsaKeyView>& key) noexcept {
    while (!modulus.empty() && modulus.front() == std::byte{0}) {
        modulus = modulus.subspan(1);
    }
    while (!exponent.empty() && exponent.front() == std::byte{0}) {
        exponent = exponent.subspan(1);
    }
    if (modulus.empty() || exponent.empty() || exponent.size() > sizeof(std::uint64_t)) {
        return;
    }
    const std::size_t lower_bits = 8 * (modulus.size() - 1);
    const auto top_bits = static_cast<std::uint32_t>(std::bit_width(std::to_integer<unsigned>(modulus.front())));
    std::uint64_t number = 0;
    for (const std::byte byte : exponent) {
        number = (number << 8U) | std::to_integer<std::uint64_t>(byte);
    }
    key.emplace(static_cast<std::uint32_t>(lower_bits) + top_bits, number, modulus);
}

}  // namespace keysyncd::ldap
