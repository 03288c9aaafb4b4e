#include "ldap/utf16.hpp"

#include <cstdint>

#include "ldap/little_endian.hpp"

namespace keysyncd::ldap {
namespace {

constexpr bool is_lead(std::uint32_t unit) noexcept {
    return unit >= 0xD800 && unit < 0xDC00;
}
constexpr bool is_trail(std::uint32_t unit) noexcept {
    return unit >= 0xDC00 && unit < 0xE000;
}

void append_utf8(std::string& text, std::uint32_t point) {
    const auto add = [&text](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
    if (point < 0x80) {
        add(point);
    } else if (point < 0x800) {
        add(0xC0U | (point >> 6U));
        add(0x80U | (point & 0x3FU));
    } else if (point < 0x10000) {
        add(0xE0U | (point >> 12U));
        add(0x80U | ((point >> 6U) & 0x3FU));
        add(0x80U | (point & 0x3FU));
    } else {
        add(0xF0U | (point >> 18U));
        add(0x80U | ((point >> 12U) & 0x3FU));
        add(0x80U | ((point >> 6U) & 0x3FU));
        add(0x80U | (point & 0x3FU));
    }
}

}  // namespace

std::string from_utf16le(std::span<const std::byte> bytes) {
    constexpr std::uint32_t replacement = 0xFFFD;
    std::string text;
    for (; bytes.size() >= 2; bytes = bytes.subspan(2)) {
        std::uint32_t point = load_le16(bytes);
        if (point == 0) {
            break;
        }
        if (is_lead(point) && bytes.size() >= 4 && is_trail(load_le16(bytes.subspan(2)))) {
            bytes = bytes.subspan(2);
            point = 0x10000U + ((point - 0xD800U) << 10U) + (load_le16(bytes) - 0xDC00U);
        } else if (is_lead(point) || is_trail(point)) {
            point = replacement;
        }
        append_utf8(text, point);
    }
    return text;
}

}  // namespace keysyncd::ldap
