// What to do after an answer that is no answer yet: wait how long, or give up (Graph's throttling guide; RFC
// 9110 10.2.3). Pure: takes the time and a random number.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "entra/graph_time.hpp"

namespace keysyncd::entra {

/// Retry-After, in seconds or as an HTTP date. std::nullopt when missing or senseless. Never negative, at most a day.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_retry_after(std::string_view value, Instant now) noexcept;

/// Where the server names no time: 2, 4, 8, 16, then 30 s, of which `random` (0 to 1) takes up to a half.
/// `attempt` counts from 0.
[[nodiscard]] std::chrono::nanoseconds default_back_off(int attempt, double random) noexcept;

/// Statuses that may go away by themselves.
[[nodiscard]] bool is_throttling(int status) noexcept;
[[nodiscard]] bool is_server_trouble(int status) noexcept;

}  // namespace keysyncd::entra
