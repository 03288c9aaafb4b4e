// Where a page of keys ended, as text for the next request: "r:ID" after a registration, "k:USER:KEYID" after a key.
// It comes back from outside: anything may stand in it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keysyncd::daemon {

/// Registrations come first, then keys.
struct KeyCursor {
    std::int64_t registration = 0;
    bool in_keys = false;
    std::int64_t user = 0;
    std::vector<std::byte> key_id;
};

/// The empty text is the beginning. std::nullopt: none of ours.
[[nodiscard]] std::optional<KeyCursor> parse_key_cursor(std::string_view text);
[[nodiscard]] std::string to_text(const KeyCursor& cursor);

}  // namespace keysyncd::daemon
