#include "ldap/hex.hpp"

#include <array>
#include <cstdint>

namespace keysyncd::ldap {
namespace {

constexpr std::uint8_t not_a_digit = 0xFF;

constexpr std::array<std::uint8_t, 256> make_digit_values() noexcept {
    std::array<std::uint8_t, 256> values{};
    values.fill(not_a_digit);
    for (std::uint8_t i = 0; i < 10; ++i) {
        values[static_cast<std::size_t>('0' + i)] = i;
    }
    for (std::uint8_t i = 0; i < 6; ++i) {
        values[static_cast<std::size_t>('a' + i)] = static_cast<std::uint8_t>(10 + i);
        values[static_cast<std::size_t>('A' + i)] = static_cast<std::uint8_t>(10 + i);
    }
    return values;
}

constexpr std::array<std::uint8_t, 256> digit_values = make_digit_values();

constexpr unsigned digit_value(char c) noexcept {
    return digit_values[static_cast<unsigned char>(c)];
}

}  // namespace

std::expected<void, std::size_t> decode_hex(std::string_view text, std::span<std::byte> bytes) noexcept {
    unsigned seen = 0;
    const char* in = text.data();
    for (std::byte& out : bytes) {
        const unsigned high = digit_value(in[0]);
        const unsigned low = digit_value(in[1]);
        seen |= high | low;
        out = static_cast<std::byte>((high << 4U) | low);
        in += 2;
    }
    if (seen <= 15) {
        return {};
    }
    std::size_t at = 0;
    while (digit_value(text[at]) != not_a_digit) {
        ++at;
    }
    return std::unexpected(at);
}

std::string encode_hex(std::span<const std::byte> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text(bytes.size() * 2, '\0');
    char* out = text.data();
    for (const std::byte byte : bytes) {
        const auto value = std::to_integer<unsigned>(byte);
        *out++ = digits[value >> 4U];
        *out++ = digits[value & 15U];
    }
    return text;
}

}  // namespace keysyncd::ldap
