#include "ldap/hex.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

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

// Sixteen characters at a time, by vectors that the compiler maps to what the processor has.
using Chars = std::uint8_t __attribute__((vector_size(16)));
using CharPairs = std::uint16_t __attribute__((vector_size(16)));
constexpr std::size_t chars_at_once = sizeof(Chars);

/// Eight bytes; `bad` gets bits where a character is no digit. A pair's first character is its low half: little-endian.
void decode_chars(const char* in, std::byte* out, Chars& bad) noexcept {
    Chars characters;
    std::memcpy(&characters, in, sizeof characters);
    const Chars digits = characters - std::uint8_t{'0'};
    const Chars letters = (characters | std::uint8_t{0x20}) - std::uint8_t{'a'};
    const auto are_digits = reinterpret_cast<Chars>(digits <= std::uint8_t{9});
    const auto are_letters = reinterpret_cast<Chars>(letters <= std::uint8_t{5});
    bad |= ~(are_digits | are_letters);
    const Chars values = (digits & are_digits) | ((letters + std::uint8_t{10}) & are_letters);
    const auto pairs = reinterpret_cast<CharPairs>(values);
    const auto bytes = reinterpret_cast<Chars>((pairs << 4U) | (pairs >> 8U));
    const auto packed = __builtin_shufflevector(bytes, bytes, 0, 2, 4, 6, 8, 10, 12, 14);
    std::memcpy(out, &packed, sizeof packed);
}

/// How much of the text was decoded, all of it digits: the rest, or the character that is none, is for the slow way.
std::size_t decode_at_once(std::string_view text, std::byte* out) noexcept {
    std::size_t at = 0;
    if constexpr (std::endian::native == std::endian::little) {
        Chars bad{};
        for (; text.size() - at >= chars_at_once; at += chars_at_once) {
            decode_chars(text.data() + at, out + at / 2, bad);
        }
        const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(bad);
        if ((halves[0] | halves[1]) != 0) {
            return 0;
        }
    }
    return at;
}

}  // namespace

std::expected<void, std::size_t> decode_hex(std::string_view text, std::span<std::byte> bytes) noexcept {
    for (std::size_t at = decode_at_once(text, bytes.data()); at < text.size(); at += 2) {
        const unsigned high = digit_value(text[at]);
        const unsigned low = digit_value(text[at + 1]);
        if ((high | low) > 15) {
            return std::unexpected(high == not_a_digit ? at : at + 1);
        }
        bytes[at / 2] = static_cast<std::byte>((high << 4U) | low);
    }
    return {};
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
