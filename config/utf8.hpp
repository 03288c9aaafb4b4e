// Is this text that a configuration file may hold: well-formed UTF-8 (Unicode 15, table 3-7) without control
// characters but tab, line feed and carriage return. Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace keysyncd::config {

/// Offset of the first byte that is not such text; npos where all is well.
[[nodiscard]] std::size_t find_invalid_utf8_text(std::string_view text);

}  // namespace keysyncd::config
