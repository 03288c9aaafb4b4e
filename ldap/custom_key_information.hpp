// CUSTOM_KEY_INFORMATION (MS-ADTS 2.2.20.4), entry 7 of a key credential. Real values are 2, 4, 5, 6, 15 or 16 bytes
// long: each field is read only if it is there. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace keysyncd::ldap {

struct CustomKeyInformation {
    std::optional<std::uint8_t> version;
    std::optional<std::uint8_t> flags;
    std::optional<std::uint8_t> volume_type;  ///< 0 none, 1 OSV, 2 FDV, 3 RDV
    std::optional<std::uint8_t> supports_notification;
    std::optional<std::uint8_t> fek_key_version;
    std::optional<std::uint8_t> key_strength;  ///< 0 unknown, 1 weak, 2 normal
    std::size_t extended_bytes = 0;            ///< EncodedExtendedCKI, not looked into

    static constexpr std::uint8_t attestation = 0x01;
    static constexpr std::uint8_t mfa_not_used = 0x02;
    [[nodiscard]] bool has_flag(std::uint8_t flag) const noexcept { return flags && (*flags & flag) != 0; }
};

[[nodiscard]] CustomKeyInformation read_custom_key_information(std::span<const std::byte> bytes) noexcept;

}  // namespace keysyncd::ldap
