#include "config/duration.hpp"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

using namespace std::chrono_literals;
using keysyncd::config::format_duration;
using keysyncd::config::parse_duration;

TEST_CASE("durations are read in Go's style with days") {
    const std::vector<std::pair<const char*, std::chrono::seconds>> cases{
        {"1s", 1s},           {"90s", 90s},     {"30m", 1800s}, {"1h30m", 5400s},        {"7d", 604800s},
        {"1d2h3m4s", 93784s}, {"1d4s", 86404s}, {"007s", 7s},   {"3650d", 3650 * 86400s}};
    for (const auto& [text, expected] : cases) {
        CAPTURE(text);
        const auto parsed = parse_duration(text);
        REQUIRE(parsed.has_value());
        CHECK(parsed->count() == expected.count());
    }
}

TEST_CASE("what is no duration is refused with the mend") {
    const std::vector<std::pair<const char*, const char*>> cases{
        {"", "found \"\": write a number and a unit"},
        {"60", "found \"60\": a number needs a unit; write 60s"},
        {"0", "found \"0\": a number needs a unit; write 0s"},
        {"0s", "found \"0s\": it must be longer than zero"},
        {"0d0h", "found \"0d0h\": it must be longer than zero"},
        {"-5m", "found \"-5m\": it must not be negative"},
        {"+5m", "found \"+5m\": each part is a whole number and a unit (d, h, m or s), without spaces or signs"},
        {"5 m", "found \"5 m\": \" m\" is no unit; the units are d, h, m and s"},
        {"1.5h", "found \"1.5h\": fractions are not read; write 1h30m for one and a half hours"},
        {"1h30", "found \"1h30\": the last number has no unit (d, h, m or s)"},
        {"30m1h", "found \"30m1h\": units stand in falling order, each once, as in 1d2h3m4s"},
        {"1m1m", "found \"1m1m\": units stand in falling order, each once, as in 1d2h3m4s"},
        {"500ms", "found \"500ms\": the smallest unit is s"},
        {"5min", "found \"5min\": \"min\" is no unit; the units are d, h, m and s"},
        {"5M", "found \"5M\": \"M\" is no unit; the units are d, h, m and s"},
        {"3651d", "found \"3651d\": the longest duration is 3650d"},
        {"3650d1s", "found \"3650d1s\": the longest duration is 3650d"},
        {"9223372036854775807d", "found \"9223372036854775807d\": the longest duration is 3650d"},
        {"99999999999999999999s", "found \"99999999999999999999s\": the longest duration is 3650d"}};
    for (const auto& [text, expected] : cases) {
        CAPTURE(text);
        const auto parsed = parse_duration(text);
        REQUIRE_FALSE(parsed.has_value());
        CHECK(parsed.error() == std::string("expected a duration such as 90s, 30m, 1h30m or 7d, ") + expected);
    }
}

TEST_CASE("durations are written so that they are read back") {
    CHECK(format_duration(0s) == "0s");
    CHECK(format_duration(5400s) == "1h30m");
    CHECK(format_duration(604800s) == "7d");
    for (const auto duration : {1s, 59s, 61s, 3599s, 3661s, 86399s, 93784s, 315360000s}) {
        CAPTURE(duration.count());
        const auto parsed = parse_duration(format_duration(duration));
        REQUIRE(parsed.has_value());
        CHECK(parsed->count() == duration.count());
    }
}
