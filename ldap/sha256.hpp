// SHA-256 of a byte sequence in one call: one digest context a thread, the algorithm fetched once a process.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace keysyncd::ldap {

using Sha256Digest = std::array<std::byte, 32>;

/// Throws std::runtime_error where OpenSSL cannot provide SHA-256 at all.
[[nodiscard]] Sha256Digest sha256(std::span<const std::byte> bytes);

}  // namespace keysyncd::ldap
