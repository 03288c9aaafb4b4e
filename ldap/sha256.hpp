// SHA-256 of a byte sequence in one call (FIPS 180-4). Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace keysyncd::ldap {

using Sha256Digest = std::array<std::byte, 32>;

[[nodiscard]] Sha256Digest sha256(std::span<const std::byte> bytes) noexcept;

}  // namespace keysyncd::ldap
