#include "metrics/render.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <clocale>
#include <sstream>
#include <string>
#include <vector>

#include "metrics/snapshot_slot.hpp"

using namespace keysyncd::metrics;
using namespace std::chrono_literals;

namespace {

constexpr Moment now{1763900000s};

Snapshot one_domain(std::string name) {
    Snapshot snapshot;
    snapshot.domains.resize(1);
    snapshot.domains[0].domain = std::move(name);
    snapshot.domains[0].cycle_seconds = 1800.5;
    return snapshot;
}

}  // namespace

TEST_CASE("families are sorted, each with one HELP and one TYPE, and end with a newline") {
    const Instruments instruments(DeclaredSources{}, BuildInfo{"1", "r", "c"});
    const std::string text = render(one_domain("corp.example.com"), instruments, now);
    CHECK(text.ends_with('\n'));
    std::vector<std::string> names;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# TYPE ")) {
            names.push_back(line.substr(7, line.find(' ', 7) - 7));
        }
    }
    CHECK(std::ranges::is_sorted(names));
    CHECK(std::ranges::adjacent_find(names) == names.end());
    CHECK(text.find("keysync_delay_seconds_bucket{domain=\"corp.example.com\",usage=\"NGC\",le=\"1800\"} 0\n") !=
          std::string::npos);
    CHECK(text.find("keysync_polls_total") == std::string::npos);  // nothing declared: no HELP of nothing
}

TEST_CASE("label values are escaped and numbers ignore the locale") {
    const Instruments instruments(DeclaredSources{}, BuildInfo{"1", "r", "c"});
    const char* before = std::setlocale(LC_NUMERIC, nullptr);
    const std::string saved = before != nullptr ? before : "C";
    std::setlocale(LC_NUMERIC, "de_DE.UTF-8");
    const std::string text = render(one_domain("a\"b\\c\nd"), instruments, now);
    std::setlocale(LC_NUMERIC, saved.c_str());
    CHECK(text.find("keysync_cycle_seconds{domain=\"a\\\"b\\\\c\\nd\"} 1800.5\n") != std::string::npos);
}

TEST_CASE("two renderings of the same state differ by process_* at most") {
    const Instruments instruments(DeclaredSources{.directories = {{"b", {"s2", "s1"}}, {"a", {"s3"}}}},
                                  BuildInfo{"1", "r", "c"});
    const auto ours = [&] {
        std::istringstream lines(render(one_domain("d"), instruments, now));
        std::string kept;
        for (std::string line; std::getline(lines, line);) {
            if (!line.starts_with("process_")) {
                kept += line + '\n';
            }
        }
        return kept;
    };
    CHECK(ours() == ours());
}

TEST_CASE("the slot is never empty and hands out what was put last") {
    SnapshotSlot slot;
    REQUIRE(slot.get());
    CHECK(slot.get()->domains.empty());
    const auto held = slot.get();
    slot.put(std::make_shared<const Snapshot>(one_domain("d")));
    CHECK(slot.get()->domains.size() == 1);
    CHECK(held->domains.empty());
}
