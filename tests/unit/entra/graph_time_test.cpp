#include "entra/graph_time.hpp"

#include <doctest/doctest.h>

namespace entra = keysyncd::entra;

TEST_CASE("RFC 3339: what Graph and Event Hub write") {
    using std::chrono::sys_days;
    const entra::Instant noon = sys_days{std::chrono::year{2026} / 1 / 9} + std::chrono::hours{12};
    CHECK(entra::parse_rfc3339("2026-01-09T12:00:00Z") == noon);
    CHECK(entra::parse_rfc3339("2026-01-09t12:00:00z") == noon);
    CHECK(entra::parse_rfc3339("2026-01-09T12:00:00+00:00") == noon);
    CHECK(entra::parse_rfc3339("2026-01-09T12:00:00-00:00") == noon);
    CHECK(entra::parse_rfc3339("2026-01-09T14:30:00+02:30") == noon);
    CHECK(entra::parse_rfc3339("2026-01-08T23:00:00-13:00") == noon);
    CHECK(entra::parse_rfc3339("2026-01-09T12:00:00.5Z") == noon + std::chrono::milliseconds{500});
    CHECK(entra::parse_rfc3339("2026-01-09T12:00:00.7215374Z") == noon + entra::Ticks{7215374});
    CHECK(entra::parse_rfc3339("2026-01-09T12:00:00.721537499999Z") == noon + entra::Ticks{7215374});
    CHECK(entra::parse_rfc3339("2026-01-09T11:59:60Z") == noon);
    CHECK(entra::parse_rfc3339("2024-02-29T00:00:00Z").has_value());
    CHECK(entra::parse_rfc3339("0001-01-01T00:00:00Z").has_value());
}

TEST_CASE("RFC 3339: everything else is refused") {
    for (const std::string_view text : {"",
                                        "2026",
                                        "2026-01-09",
                                        "2026-01-09T12:00:00",
                                        "2026-01-09 12:00:00Z",
                                        "2026-1-09T12:00:00Z",
                                        "2026-13-09T12:00:00Z",
                                        "2026-00-09T12:00:00Z",
                                        "2026-02-29T12:00:00Z",
                                        "2026-01-32T12:00:00Z",
                                        "2026-01-09T24:00:00Z",
                                        "2026-01-09T12:60:00Z",
                                        "2026-01-09T12:00:61Z",
                                        "2026-01-09T12:00:00.Z",
                                        "2026-01-09T12:00:00Zx",
                                        "2026-01-09T12:00:00+2:30",
                                        "2026-01-09T12:00:00+0230",
                                        "2026-01-09T12:00:00+24:00",
                                        "2026-01-09T12:00:00+00:60",
                                        "-026-01-09T12:00:00Z",
                                        "2026-01-09T12:00:0 Z",
                                        "20260109T120000Z"}) {
        CAPTURE(text);
        CHECK_FALSE(entra::parse_rfc3339(text).has_value());
    }
}

TEST_CASE("RFC 3339: written with the digits asked for, read back as the same instant") {
    const auto at = entra::parse_rfc3339("2017-11-13T16:29:24.0057466Z");
    REQUIRE(at.has_value());
    CHECK(entra::format_rfc3339(*at) == "2017-11-13T16:29:24.0057466Z");
    CHECK(entra::format_rfc3339(*at, 3) == "2017-11-13T16:29:24.005Z");
    CHECK(entra::format_rfc3339(*at, 0) == "2017-11-13T16:29:24Z");
    const auto before_epoch = entra::parse_rfc3339("1969-12-31T23:59:59.9999999Z");
    REQUIRE(before_epoch.has_value());
    CHECK(entra::format_rfc3339(*before_epoch) == "1969-12-31T23:59:59.9999999Z");
}
