#include "entra/base64.hpp"

#include <array>
#include <cstdint>

namespace keysyncd::entra {
namespace {

constexpr std::string_view standard_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using Table = std::array<std::int8_t, 256>;

constexpr Table reverse(std::string_view alphabet) {
    Table table{};
    table.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    }
    return table;
}

constexpr Table standard_table = reverse(standard_alphabet);
constexpr Table url_table = reverse(url_alphabet);

/// `text` holds no padding any more.
std::optional<std::vector<std::byte>> decode(std::string_view text, const Table& table) {
    if (text.size() % 4 == 1) {
        return std::nullopt;
    }
    std::vector<std::byte> bytes;
    bytes.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        const std::int8_t value = table[static_cast<unsigned char>(c)];
        if (value < 0) {
            return std::nullopt;
        }
        bits = (bits << 6U) | static_cast<std::uint32_t>(value);
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes.push_back(static_cast<std::byte>((bits >> static_cast<unsigned>(held)) & 0xFFU));
        }
    }
    // Bits that belong to no byte must be zero, else two texts would mean the same bytes.
    if ((bits & ((1U << static_cast<unsigned>(held)) - 1U)) != 0) {
        return std::nullopt;
    }
    return bytes;
}

std::string encode(std::span<const std::byte> bytes, std::string_view alphabet) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const std::byte b : bytes) {
        bits = (bits << 8U) | std::to_integer<std::uint32_t>(b);
        held += 8;
        while (held >= 6) {
            held -= 6;
            text.push_back(alphabet[(bits >> held) & 0x3FU]);
        }
    }
    if (held > 0) {
        text.push_back(alphabet[(bits << (6U - held)) & 0x3FU]);
    }
    return text;
}

constexpr std::size_t pads_for(std::size_t digits) {
    return (4 - digits % 4) % 4;
}

}  // namespace

std::optional<std::vector<std::byte>> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    for (int pad = 0; pad < 2 && text.ends_with('='); ++pad) {
        text.remove_suffix(1);
    }
    return decode(text, standard_table);
}

std::string encode_base64(std::span<const std::byte> bytes) {
    std::string text = encode(bytes, standard_alphabet);
    text.append(pads_for(text.size()), '=');
    return text;
}

std::optional<std::vector<std::byte>> decode_base64url(std::string_view text) {
    return decode(text, url_table);
}

std::string encode_base64url(std::span<const std::byte> bytes) {
    return encode(bytes, url_alphabet);
}

std::optional<std::vector<std::byte>> decode_url_token(std::string_view text) {
    if (text.empty()) {
        return std::vector<std::byte>{};  // .NET writes no pad count for no bytes
    }
    const std::string_view digits = text.substr(0, text.size() - 1);
    if (digits.empty() || text.back() != static_cast<char>('0' + pads_for(digits.size()))) {
        return std::nullopt;
    }
    return decode(digits, url_table);
}

std::string encode_url_token(std::span<const std::byte> bytes) {
    std::string text = encode(bytes, url_alphabet);
    if (!text.empty()) {
        text.push_back(static_cast<char>('0' + pads_for(text.size())));
    }
    return text;
}

}  // namespace keysyncd::entra
