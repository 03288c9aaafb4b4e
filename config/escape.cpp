#include "config/escape.hpp"

#include <fmt/format.h>

namespace keysyncd::config {

namespace {

constexpr std::size_t quoted_limit = 60;

bool is_utf8_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

}  // namespace

std::string escape_control(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n') {
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
