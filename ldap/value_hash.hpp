// A 64-bit name for the bytes of a link value: the same on every run and machine, so that it may be stored.
// XXH64 with seed 0 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md). Not cryptographic: it tells values of one user
// apart and joins them with their replication metadata; trust is decided elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace keysyncd::ldap {

[[nodiscard]] std::uint64_t value_hash(std::span<const std::byte> bytes) noexcept;

}  // namespace keysyncd::ldap
