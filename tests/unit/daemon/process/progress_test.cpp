#include "daemon/process/progress.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using keysyncd::daemon::Progress;
using namespace std::chrono_literals;

TEST_CASE("a part that stays away longer than it promised is named") {
    Progress progress;
    const Progress::Clock::time_point start{1000h};
    const auto slow = progress.add("domain corp.example.com", 90s, start);
    auto fast = progress.add("ledger", 10s, start);
    CHECK(progress.stalled(start + 10s).empty());
    CHECK(progress.stalled(start + 11s) == std::vector<std::string>{"ledger"});
    fast->strike(start + 11s);
    CHECK(progress.stalled(start + 21s).empty());
    CHECK(progress.stalled(start + 91s) == std::vector<std::string>{"domain corp.example.com", "ledger"});
    slow->strike(start + 91s);
    CHECK(progress.stalled(start + 92s) == std::vector<std::string>{"ledger"});
    fast.reset();
    CHECK_MESSAGE(progress.stalled(start + 92s).empty(), "a part that is gone is not waited for");
}
