#include "daemon/view/key_cursor.hpp"

#include <fmt/format.h>

#include <charconv>

#include "ldap/hex.hpp"

namespace keysyncd::daemon {
namespace {

std::optional<std::int64_t> parse_number(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional{number} : std::nullopt;
}

}  // namespace

std::optional<KeyCursor> parse_key_cursor(std::string_view text) {
    KeyCursor position;
    if (text.empty()) {
        return position;
    }
    if (text.starts_with("r:")) {
        const auto id = parse_number(text.substr(2));
        position.registration = id.value_or(0);
        return id ? std::optional{position} : std::nullopt;
    }
    const std::size_t colon = text.find(':', 2);
    if (!text.starts_with("k:") || colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto user = parse_number(text.substr(2, colon - 2));
    const std::string_view hex = text.substr(colon + 1);
    position.key_id.resize(hex.size() / 2);
    if (!user || hex.size() % 2 != 0 || !ldap::decode_hex(hex, position.key_id)) {
        return std::nullopt;
    }
    position.in_keys = true;
    position.user = *user;
    return position;
}

std::string to_text(const KeyCursor& cursor) {
    return cursor.in_keys ? fmt::format("k:{}:{}", cursor.user, ldap::encode_hex(cursor.key_id))
                          : fmt::format("r:{}", cursor.registration);
}

}  // namespace keysyncd::daemon
