#include "daemon/process/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <utility>

#include "entra/graph_time.hpp"

namespace keysyncd::daemon {
namespace {

constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warn", "error"};

LogFormat chosen_format = LogFormat::logfmt;

spdlog::level::level_enum spdlog_level(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warn:
            return spdlog::level::warn;
        case LogLevel::error:
            break;
    }
    return spdlog::level::err;
}

// Quoted as JSON strings are, in both formats: logfmt's readers take the same escapes.
void append_quoted(std::string& line, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    line.push_back('"');
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            line.push_back('\\');
            line.push_back(c);
        } else if (c == '\n') {
            line += "\\n";
        } else if (byte < 0x20 || byte == 0x7f) {
            line += "\\u00";
            line.push_back(digits[byte >> 4U]);
            line.push_back(digits[byte & 15U]);
        } else {
            line.push_back(c);
        }
    }
    line.push_back('"');
}

bool needs_quotes(std::string_view text) noexcept {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte == 0x7f || c == '"' || c == '=' || c == '\\') {
            return true;
        }
    }
    return text.empty();
}

void append_logfmt(std::string& line, std::string_view name, std::string_view value) {
    if (!line.empty()) {
        line.push_back(' ');
    }
    line += name;
    line.push_back('=');
    if (needs_quotes(value)) {
        append_quoted(line, value);
    } else {
        line += value;
    }
}

void append_json(std::string& line, std::string_view name, std::string_view value) {
    line.push_back(line.empty() ? '{' : ',');
    append_quoted(line, name);
    line.push_back(':');
    append_quoted(line, value);
}

template <typename Names>
int index_of(const Names& names, std::string_view name) noexcept {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) {
            return static_cast<int>(i);
        }
    }
    return -1;
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view name) noexcept {
    const int index = index_of(level_names, name);
    return index < 0 ? std::nullopt : std::optional{static_cast<LogLevel>(index)};
}

std::optional<LogFormat> parse_log_format(std::string_view name) noexcept {
    const int index = index_of(std::array<std::string_view, 2>{"logfmt", "json"}, name);
    return index < 0 ? std::nullopt : std::optional{static_cast<LogFormat>(index)};
}

std::string log_line(LogFormat format, std::string_view time, LogLevel level, std::string_view message,
                     std::initializer_list<LogField> fields) {
    const auto append = format == LogFormat::json ? append_json : append_logfmt;
    std::string line;
    append(line, "ts", time);
    append(line, "level", level_names[static_cast<std::size_t>(level)]);
    append(line, "msg", message);
    for (const LogField& field : fields) {
        append(line, field.name, field.value);
    }
    if (format == LogFormat::json) {
        line.push_back('}');
    }
    return line;
}

void open_log(LogLevel level, LogFormat format) {
    chosen_format = format;
    auto logger = std::make_shared<spdlog::logger>("keysyncd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%v");
    logger->set_level(spdlog_level(level));
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
}

bool logs(LogLevel level) noexcept {
    return spdlog::should_log(spdlog_level(level));
}

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    if (!logs(level)) {
        return;
    }
    const auto now = std::chrono::time_point_cast<entra::Ticks>(std::chrono::system_clock::now());
    const std::string line = log_line(chosen_format, entra::format_rfc3339(now, 3), level, message, fields);
    spdlog::log(spdlog_level(level), "{}", line);
}

}  // namespace keysyncd::daemon
