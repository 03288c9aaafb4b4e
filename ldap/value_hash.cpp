#include "ldap/value_hash.hpp"

#include <bit>

#include "ldap/little_endian.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::uint64_t prime1 = 0x9E3779B185EBCA87ULL;
constexpr std::uint64_t prime2 = 0xC2B2AE3D27D4EB4FULL;
constexpr std::uint64_t prime3 = 0x165667B19E3779F9ULL;
constexpr std::uint64_t prime4 = 0x85EBCA77C2B2AE63ULL;
constexpr std::uint64_t prime5 = 0x27D4EB2F165667C5ULL;

constexpr std::uint64_t round(std::uint64_t accumulator, std::uint64_t lane) noexcept {
    return std::rotl(accumulator + lane * prime2, 31) * prime1;
}

constexpr std::uint64_t merge(std::uint64_t hash, std::uint64_t accumulator) noexcept {
    return (hash ^ round(0, accumulator)) * prime1 + prime4;
}

}  // namespace

std::uint64_t value_hash(std::span<const std::byte> bytes) noexcept {
    const std::uint64_t length = bytes.size();
    std::uint64_t hash = prime5;
    if (bytes.size() >= 32) {
        std::uint64_t a = prime1 + prime2;
        std::uint64_t b = prime2;
        std::uint64_t c = 0;
        std::uint64_t d = 0 - prime1;
        for (; bytes.size() >= 32; bytes = bytes.subspan(32)) {
            a = round(a, load_le64(bytes));
            b = round(b, load_le64(bytes.subspan(8)));
            c = round(c, load_le64(bytes.subspan(16)));
            d = round(d, load_le64(bytes.subspan(24)));
        }
        hash = std::rotl(a, 1) + std::rotl(b, 7) + std::rotl(c, 12) + std::rotl(d, 18);
        hash = merge(merge(merge(merge(hash, a), b), c), d);
    }
    hash += length;
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
        hash = std::rotl(hash ^ round(0, load_le64(bytes)), 27) * prime1 + prime4;
    }
    if (bytes.size() >= 4) {
        hash = std::rotl(hash ^ (load_le32(bytes) * prime1), 23) * prime2 + prime3;
        bytes = bytes.subspan(4);
    }
    for (const std::byte byte : bytes) {
        hash = std::rotl(hash ^ (std::to_integer<std::uint64_t>(byte) * prime5), 11) * prime1;
    }
    hash = (hash ^ (hash >> 33U)) * prime2;
    hash = (hash ^ (hash >> 29U)) * prime3;
    return hash ^ (hash >> 32U);
}

}  // namespace keysyncd::ldap
