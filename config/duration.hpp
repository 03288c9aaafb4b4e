// Durations as the operator writes them: Go style with days (90s, 30m, 1h30m, 7d, 1d12h). Whole seconds only.
// Stricter than Go so that a slip is told, not guessed: units stand in falling order, each once, and a bare number is
// refused. Pure; any thread.
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

namespace keysyncd::config {

/// At least 1 s and at most 3650 days. The error says what was expected and what to write instead.
[[nodiscard]] std::expected<std::chrono::seconds, std::string> parse_duration(std::string_view text);

/// The shortest form that parse_duration reads back: 5400 s is "1h30m". Zero is "0s".
[[nodiscard]] std::string format_duration(std::chrono::seconds duration);

}  // namespace keysyncd::config
