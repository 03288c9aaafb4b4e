// The figures of `keysyncd report` and how they are shown; the progress line's text.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <sstream>

#include "daemon/command/progress_line.hpp"
#include "daemon/command/report_command.hpp"
#include "daemon/command/report_data.hpp"
#include "ldap/key_findings.hpp"

namespace keysyncd::daemon {
namespace {

using namespace std::chrono_literals;

constexpr Instant noon = Instant{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + 12h};
constexpr config::SyncSettings sync{.cycle = 30min, .grace = 5min, .overdue_after = 65min};

KeyView measured(const std::string& user, Ticks delay, const std::string& usage = "NGC",
                 const std::string& domain = "corp.example.com") {
    KeyView key;
    key.user.domain = domain;
    key.user.user_principal_name = user;
    key.usage = usage;
    key.state = metrics::State::synced;
    key.registered_at = noon - delay;
    key.written_latest = noon;
    key.delay = delay;
    key.precision = metrics::Precision::exact;
    return key;
}

KeyView waiting(const std::string& user, Ticks for_so_long) {
    KeyView key = measured(user, for_so_long);
    key.delay.reset();
    key.written_latest.reset();
    key.state = metrics::State::overdue;
    key.cause = metrics::Cause::protected_account;
    return key;
}

std::vector<KeyView> hundred() {
    std::vector<KeyView> keys;
    for (int minutes = 1; minutes <= 100; ++minutes) {
        keys.push_back(measured("user" + std::to_string(minutes), std::chrono::minutes{minutes}));
    }
    return keys;
}

std::string table(const ReportData& data) {
    std::ostringstream out;
    write_report_table(out, data, sync, 720h, noon);
    return out.str();
}

std::string csv(const ReportData& data) {
    std::ostringstream out;
    write_report_csv(out, data);
    return out.str();
}

TEST_CASE("percentiles are those of the nearest rank, cycles have their grace") {
    const DelayFigures figures = delay_figures(hundred(), sync);
    CHECK(figures.measured == 100);
    CHECK(figures.median == Ticks{50min});
    CHECK(figures.p90 == Ticks{90min});
    CHECK(figures.p99 == Ticks{99min});
    CHECK(figures.worst == Ticks{100min});
    CHECK(figures.within_one_cycle == 35);
    CHECK(figures.within_two_cycles == 65);
    REQUIRE(figures.histogram.size() == 13);
    CHECK(figures.histogram[0] == 7);    // 1 to 7 minutes: the quarter ends at 7 min 30 s
    CHECK(figures.histogram[12] == 11);  // 90 to 100: above three cycles
}

TEST_CASE("nothing measured is no zero") {
    const ReportData data = report_data({}, sync);
    CHECK_FALSE(data.all.median.has_value());
    CHECK(table(data).find("waiting: 0") != std::string::npos);
    CHECK(table(data).find(" - ") != std::string::npos);
}

TEST_CASE("domains and usages are told apart, the slowest and the waiting are named, worst first") {
    std::vector<KeyView> keys = hundred();
    keys.push_back(measured("fido", 5min, "FIDO"));
    keys.push_back(measured("branch", 7min, "NGC", "branch.example.com"));
    keys.push_back(waiting("young", 70min));
    keys.push_back(waiting("old", 300min));
    const ReportData data = report_data(keys, sync);
    REQUIRE(data.groups.size() == 3);
    CHECK(data.groups[0].domain == "branch.example.com");
    CHECK(data.groups[1].usage == "FIDO");
    CHECK(data.groups[2].figures.measured == 100);
    REQUIRE(data.slowest.size() == 10);
    CHECK(data.slowest.front().user.user_principal_name == "user100");
    REQUIRE(data.waiting.size() == 2);
    CHECK(data.waiting.front().user.user_principal_name == "old");
    const std::string text = table(data);
    CHECK(text.find("1h 40m") != std::string::npos);
    CHECK(text.find("old  (protected_account)") != std::string::npos);
    CHECK(text.find("#") != std::string::npos);
    CHECK(text.find("<- 2 cycles") != std::string::npos);
}

TEST_CASE("who carries a suspicious key is named: some in the table, all in JSON and CSV") {
    std::vector<KeyView> keys = hundred();
    for (std::size_t i = 0; i < 7; ++i) {
        keys[i].findings = ldap::bit(ldap::KeyFinding::shared_key) | ldap::bit(ldap::KeyFinding::roca);
    }
    const ReportData data = report_data(keys, sync);
    CHECK(table(data).find("shared_key                7  user1, user2, user3, user4, user5, and 2 more") !=
          std::string::npos);
    std::ostringstream out;
    write_report_json(out, data, sync, 720h);
    const auto json = boost::json::parse(out.str());
    CHECK(json.at("suspicious").at("shared_key").as_array().size() == 7);
    CHECK(csv(data).find(",roca shared_key\r\n") != std::string::npos);
}

TEST_CASE("CSV has every key, and no field that a spreadsheet would run") {
    std::vector<KeyView> keys = hundred();
    keys.push_back(measured("=cmd|'/c calc'!A1", 1min));
    keys.push_back(measured("a,\"b\"", 1min));
    const std::string text = csv(report_data(keys, sync));
    CHECK(std::ranges::count(text, '\n') == 103);
    CHECK(text.find(",'=cmd|'/c calc'!A1,") != std::string::npos);
    CHECK(text.find(",\"a,\"\"b\"\"\",") != std::string::npos);
    CHECK(text.starts_with("domain,user,usage,state,registered_at,written_at,delay_seconds,precision,missed_cycles,"));
}

TEST_CASE("the progress line tells the rate, and the remaining time where the number of users is known") {
    CHECK(progress_text("the directory", 0, 1000, 0s) == "reading the directory ...");
    CHECK(progress_text("the directory", 500, std::nullopt, 10s) == "reading the directory: 500 users, 50 a second");
    CHECK(progress_text("the directory", 500, 2000, 10s) ==
          "reading the directory [######                  ] 500 of about 2000 users, 50 a second, 30s left");
    CHECK(progress_text("the directory", 2100, 2000, 10s) == "reading the directory: 2100 users, 210 a second");
}

}  // namespace
}  // namespace keysyncd::daemon
