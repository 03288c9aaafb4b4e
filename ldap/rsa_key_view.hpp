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

/// From the big-endian numbers; std::nullopt when either is zero or the exponent is above 64 bits.
[[nodiscard]] inline std::optional<RsaKeyView> make_rsa_key_view(std::span<const std::byte> modulus,
                                                                 std::span<const std::byte> exponent) noexcept {
    while (!modulus.empty() && modulus.front() == std::byte{0}) {
        modulus = modulus.subspan(1);
    }
    while (!exponent.empty() && exponent.front() == std::byte{0}) {
        exponent = exponent.subspan(1);
    }
    if (modulus.empty() || exponent.empty() || exponent.size() > sizeof(std::uint64_t)) {
        return std::nullopt;
    }
    RsaKeyView key{.bits = 0, .exponent = 0, .modulus = modulus};
    key.bits = static_cast<std::uint32_t>(8 * (modulus.size() - 1)) +
               static_cast<std::uint32_t>(std::bit_width(std::to_integer<unsigned>(modulus.front())));
    for (const std::byte byte : exponent) {
        key.exponent = (key.exponent << 8U) | std::to_integer<std::uint64_t>(byte);
    }
    return key;
}

}  // namespace keysyncd::ldap
