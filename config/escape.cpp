#include "config/escape.hpp"

#include <fmt/format.h>

namespace keysyncd::config {

namespace {

constexpr std::size_t quoted_limit = 60;

bool is_utf8_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

/// The code point of a character of three bytes that shows as nothing, or turns the text around it; 0: another one.
unsigned invisible(std::string_view text) {
    if (text.size() < 3 || text[0] != '\xe2' || !is_utf8_continuation(text[1]) || !is_utf8_continuation(text[2])) {
        return 0;
    }
    const unsigned code =
        0x2000U | (static_cast<unsigned char>(text[1]) & 0x3fU) << 6U | (static_cast<unsigned char>(text[2]) & 0x3fU);
    const bool hidden = (code >= 0x200bU && code <= 0x200fU) || (code >= 0x2028U && code <= 0x202eU) ||
                        (code >= 0x2060U && code <= 0x206fU);
    return hidden ? code : 0;
}

}  // namespace

std::string escape_control(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const auto byte = static_cast<unsigned char>(c);
        if (const unsigned code = invisible(text.substr(at)); code != 0) {
            out += fmt::format("\\u{:04x}", code);
            at += 2;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20U || byte == 0x7fU) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned>(byte));
        } else {
            out += c;
        }
    }
    return out;
}

std::string in_quotes(std::string_view text) {
    const char* ellipsis = "";
    if (text.size() > quoted_limit) {
        std::size_t end = quoted_limit;
        while (end > 0 && is_utf8_continuation(text[end])) {
            --end;
        }
        text = text.substr(0, end);
        ellipsis = "...";
    }
    return fmt::format("\"{}{}\"", escape_control(text), ellipsis);
}

}  // namespace keysyncd::config
