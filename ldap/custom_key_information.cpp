#include "ldap/custom_key_information.hpp"

namespace keysyncd::ldap {

CustomKeyInformation read_custom_key_information(std::span<const std::byte> bytes) noexcept {
    constexpr std::size_t fixed_bytes = 16;  // six fields of one byte and ten reserved ones
    const auto field = [bytes](std::size_t at) -> std::optional<std::uint8_t> {
        return at < bytes.size() ? std::optional{std::to_integer<std::uint8_t>(bytes[at])} : std::nullopt;
    };
    return {.version = field(0),
            .flags = field(1),
            .volume_type = field(2),
            .supports_notification = field(3),
            .fek_key_version = field(4),
            .key_strength = field(5),
            .extended_bytes = bytes.size() > fixed_bytes ? bytes.size() - fixed_bytes : 0};
}

}  // namespace keysyncd::ldap
