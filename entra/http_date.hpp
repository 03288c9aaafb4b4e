// HTTP's date form, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7, the one that servers must send). Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace keysyncd::entra {

[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) noexcept;

}  // namespace keysyncd::entra
