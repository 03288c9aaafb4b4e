#include "metrics/process_families.hpp"

#include <doctest/doctest.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <string>

using namespace keysyncd::metrics;

TEST_CASE("proc(5) fields are found behind a hostile program name") {
    const auto stat = parse_process_stat(
        "42 (a ) 1 2 (x) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 12345 10485760 512 "
        "18446744073709551615\n",
        100, 4096);
    REQUIRE(stat);
    CHECK(stat->cpu_seconds == doctest::Approx(3.0));
    CHECK(stat->start_seconds_after_boot == doctest::Approx(123.45));
    CHECK(stat->virtual_bytes == 10485760);
    CHECK(stat->resident_bytes == 512 * 4096);
}

TEST_CASE("text that is no stat line is refused") {
    for (const char* text :
         {"", "42 (name", "42 (name)", "42 (name) S 1 2 3", "42 (name) S x y z 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_process_stat(text, 100, 4096));
    }
}

TEST_CASE("this process has the conventional families") {
    const auto families = process_families();
    for (const char* name :
         {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
          "process_open_fds", "process_max_fds", "process_start_time_seconds"}) {
        CAPTURE(name);
        const auto found = std::ranges::find(families, std::string(name), &prometheus::MetricFamily::name);
        REQUIRE(found != families.end());
        REQUIRE(found->metric.size() == 1);
        CHECK(std::max(found->metric[0].gauge.value, found->metric[0].counter.value) >= 0);
    }
}
