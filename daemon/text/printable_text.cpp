#include "daemon/text/printable_text.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

namespace keysyncd::daemon {
namespace {

struct CodePoint {
    std::uint32_t value = 0;
    std::size_t bytes = 0;  ///< 0: the first byte begins no well-formed sequence
};

/// Unicode 15, table 3-7: no overlong forms, no surrogates, nothing beyond U+10FFFF.
CodePoint first_code_point(std::string_view text) noexcept {
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80U) {
        return {.value = lead, .bytes = 1};
    }
    const std::size_t bytes = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : 2;
    if (lead < 0xC2U || lead > 0xF4U || text.size() < bytes) {
        return {};
    }
    std::uint32_t value = lead & (0x7FU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0U) != 0x80U) {
            return {};
        }
        value = (value << 6U) | (next & 0x3FU);
    }
    const bool overlong = (bytes == 3 && value < 0x800U) || (bytes == 4 && value < 0x10000U);
    if (overlong || (value >= 0xD800U && value <= 0xDFFFU) || value > 0x10FFFFU) {
        return {};
    }
    return {.value = value, .bytes = bytes};
}

/// Controls (C0, DEL, C1), line and paragraph separators, bidirectional controls, zero-width characters, the BOM.
bool is_unsafe(std::uint32_t c) noexcept {
    return c < 0x20U || (c >= 0x7FU && c <= 0x9FU) || c == 0x61CU || (c >= 0x200BU && c <= 0x200FU) ||
           (c >= 0x2028U && c <= 0x202EU) || (c >= 0x2060U && c <= 0x206FU) || c == 0xFEFFU;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const CodePoint point = first_code_point(text);
        const std::size_t bytes = point.bytes == 0 ? 1 : point.bytes;
        if (point.bytes == 0 || is_unsafe(point.value)) {
            for (const char c : text.substr(0, bytes)) {
                fmt::format_to(std::back_inserter(out), "\\x{:02x}",
                               static_cast<unsigned>(static_cast<unsigned char>(c)));
            }
        } else {
            out += text.substr(0, bytes);
        }
        text.remove_prefix(bytes);
    }
    return out;
}

std::string json_string(std::string_view text) {
    std::string out = "\"";
    out.reserve(text.size() + 2);
    while (!text.empty()) {
        const CodePoint point = first_code_point(text);
        const std::size_t bytes = point.bytes == 0 ? 1 : point.bytes;
        if (point.bytes == 0) {
            out += "\\ufffd";
        } else if (is_unsafe(point.value)) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", point.value);
        } else {
            if (point.value == '"' || point.value == '\\') {
                out += '\\';
            }
            out += text.substr(0, bytes);
        }
        text.remove_prefix(bytes);
    }
    return out + '"';
}

}  // namespace keysyncd::daemon
