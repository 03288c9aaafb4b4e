#include "daemon/process/log.hpp"

#include <doctest/doctest.h>

namespace keysyncd::daemon {
namespace {

constexpr const char* time = "2026-03-01T12:00:00.000Z";

TEST_CASE("logfmt quotes what needs it and escapes what could break a line") {
    CHECK(log_line(LogFormat::logfmt, time, LogLevel::warn, "it failed", {{"user", "ada"}, {"detail", "a=\"b\"\nc"}}) ==
          R"(ts=2026-03-01T12:00:00.000Z level=warn msg="it failed" user=ada detail="a=\"b\"\nc")");
    CHECK(log_line(LogFormat::logfmt, time, LogLevel::info, "x", {{"empty", ""}, {"esc", "\x1b[31m"}}) ==
          "ts=2026-03-01T12:00:00.000Z level=info msg=x empty=\"\" esc=\"\\u001b[31m\"");
}

TEST_CASE("JSON is one object a line") {
    CHECK(
        log_line(LogFormat::json, time, LogLevel::error, "it failed", {{"keys", std::int64_t{3}}, {"dn", "CN=\\,x"}}) ==
        R"({"ts":"2026-03-01T12:00:00.000Z","level":"error","msg":"it failed","keys":"3","dn":"CN=\\,x"})");
}

TEST_CASE("names of levels and formats") {
    CHECK(parse_log_level("warn") == LogLevel::warn);
    CHECK_FALSE(parse_log_level("warning"));
    CHECK(parse_log_format("json") == LogFormat::json);
    CHECK_FALSE(parse_log_format("xml"));
}

}  // namespace
}  // namespace keysyncd::daemon
