// Structured log lines on standard error, logfmt or JSON: one message in plain words and named fields. Any thread.
// Text from outside is escaped; secrets never get here (config::Secret does not print).
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace keysyncd::daemon {

enum class LogLevel : std::uint8_t { debug, info, warn, error };
enum class LogFormat : std::uint8_t { logfmt, json };

[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view name) noexcept;
[[nodiscard]] std::optional<LogFormat> parse_log_format(std::string_view name) noexcept;

struct LogField {
    std::string_view name;
    std::string value;

    LogField(std::string_view field, std::string text) : name(field), value(std::move(text)) {}
    LogField(std::string_view field, std::string_view text) : name(field), value(text) {}
    LogField(std::string_view field, const char* text) : name(field), value(text) {}
    LogField(std::string_view field, std::int64_t number) : name(field), value(std::to_string(number)) {}
    LogField(std::string_view field, std::uint64_t number) : name(field), value(std::to_string(number)) {}
};

/// Once, before any thread is started.
void open_log(LogLevel level, LogFormat format);
[[nodiscard]] bool logs(LogLevel level) noexcept;
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

/// One line without its end, as log() writes it; `time` is RFC 3339. Pure, for tests.
[[nodiscard]] std::string log_line(LogFormat format, std::string_view time, LogLevel level, std::string_view message,
                                   std::initializer_list<LogField> fields);

/// How a part that also runs outside the daemon tells something: message and detail, which may be empty.
using Tell = std::function<void(LogLevel, std::string_view message, std::string_view detail)>;

}  // namespace keysyncd::daemon
