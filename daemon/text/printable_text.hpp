// Text from outside (names, DNs, messages) made safe to print: control characters, invalid UTF-8 and the invisible
// characters that reorder a line are escaped, all else stays readable. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace keysyncd::daemon {

/// For a terminal: what is escaped becomes \xNN, byte by byte; a backslash stays one.
[[nodiscard]] std::string printable(std::string_view text);

/// A JSON string with its quotes (RFC 8259): what is escaped becomes \uNNNN, a byte that is no UTF-8 \ufffd.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace keysyncd::daemon
