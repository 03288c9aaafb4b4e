#include "entra/retry.hpp"

#include <doctest/doctest.h>

#include "entra/http_date.hpp"

namespace entra = keysyncd::entra;
using namespace std::chrono_literals;

TEST_CASE("HTTP dates: the form that servers must send, and nothing else") {
    using std::chrono::sys_days;
    const std::chrono::sys_seconds example = sys_days{std::chrono::year{1994} / 11 / 6} + 8h + 49min + 37s;
    CHECK(entra::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == example);
    for (const std::string_view bad :
         {"", "Sun, 06 Nov 1994 08:49:37", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
          "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Xyz 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
          "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08-49-37 GMT"}) {
        CAPTURE(bad);
        CHECK_FALSE(entra::parse_http_date(bad).has_value());
    }
}

TEST_CASE("Retry-After: seconds and dates, bounded, senseless values ignored") {
    const entra::Instant now = *entra::parse_rfc3339("2026-01-09T12:00:00Z");
    CHECK(entra::parse_retry_after("0", now) == 0s);
    CHECK(entra::parse_retry_after("17", now) == 17s);
    CHECK(entra::parse_retry_after("99999999999", now) == 24h);
    CHECK(entra::parse_retry_after("Fri, 09 Jan 2026 12:00:30 GMT", now) == 30s);
    CHECK(entra::parse_retry_after("Fri, 09 Jan 2026 11:00:30 GMT", now) == 0s);
    CHECK(entra::parse_retry_after("Fri, 09 Jan 2126 11:00:30 GMT", now) == 24h);
    for (const std::string_view bad : {"", "-1", "1.5", "soon", "10 s", "999999999999999999999999"}) {
        CAPTURE(bad);
        CHECK_FALSE(entra::parse_retry_after(bad, now).has_value());
    }
}

TEST_CASE("back-off without advice: doubles up to half a minute, and spreads over its upper half") {
    CHECK(entra::default_back_off(0, 1.0) == 2s);
    CHECK(entra::default_back_off(0, 0.0) == 1s);
    CHECK(entra::default_back_off(3, 1.0) == 16s);
    CHECK(entra::default_back_off(4, 1.0) == 30s);
    CHECK(entra::default_back_off(1000, 1.0) == 30s);
    CHECK(entra::default_back_off(-1, 1.0) == 2s);
    CHECK(entra::default_back_off(0, 7.0) == 2s);
}
