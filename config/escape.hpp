// Text from a file on its way into one line of a terminal or a log: control characters are written as \xNN, so that a
// hostile file can neither break the line nor move the cursor. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace keysyncd::config {

/// Bytes below 0x20 and 0x7f become \n, \t or \xNN. UTF-8 is left as it is.
[[nodiscard]] std::string escape_control(std::string_view text);

/// The same between double quotes, cut after 60 bytes (never inside a UTF-8 sequence) with "...": for telling what was
/// found in a file.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace keysyncd::config
