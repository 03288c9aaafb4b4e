// Fixed-size integers out of byte sequences. The caller has checked the bounds: `bytes` holds at least that many.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace keysyncd::ldap {

template <typename Integer>
[[nodiscard]] inline Integer load_little_endian(std::span<const std::byte> bytes) noexcept {
    Integer value{};
    std::memcpy(&value, bytes.data(), sizeof value);
    if constexpr (std::endian::native == std::endian::big) {
        Integer swapped{};
        for (std::size_t i = 0; i < sizeof value; ++i) {
            swapped = static_cast<Integer>((swapped << 8U) | ((value >> (8U * i)) & 0xFFU));
        }
        value = swapped;
    }
    return value;
}

[[nodiscard]] inline std::uint16_t load_le16(std::span<const std::byte> bytes) noexcept {
    return load_little_endian<std::uint16_t>(bytes);
}
[[nodiscard]] inline std::uint32_t load_le32(std::span<const std::byte> bytes) noexcept {
    return load_little_endian<std::uint32_t>(bytes);
}
[[nodiscard]] inline std::uint64_t load_le64(std::span<const std::byte> bytes) noexcept {
    return load_little_endian<std::uint64_t>(bytes);
}
[[nodiscard]] inline std::uint16_t load_be16(std::span<const std::byte> bytes) noexcept {
    return static_cast<std::uint16_t>((std::to_integer<unsigned>(bytes[0]) << 8U) |
                                      std::to_integer<unsigned>(bytes[1]));
}

}  // namespace keysyncd::ldap
