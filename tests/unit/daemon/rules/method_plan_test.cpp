#include "daemon/rules/method_plan.hpp"

#include <doctest/doctest.h>

#include "daemon/rules/method_verdict.hpp"

namespace keysyncd::daemon::test {
namespace {

using namespace std::chrono_literals;
using entra::KeyKind;

constexpr Instant noon = Instant{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + 12h};
constexpr Ticks cycle = 30min;
constexpr Ticks overdue_after = 65min;

QuestionCandidate candidate(const char* user, QuestionReason reason, Ticks due_before_noon,
                            KeyKind kind = KeyKind::ngc) {
    return {{user, kind}, reason, noon - due_before_noon};
}

TEST_CASE("questions: the most urgent first, then the longest due, each once, no more than asked for") {
    const std::vector<QuestionCandidate> candidates{
        candidate("late", QuestionReason::overdue, 5h),         candidate("new", QuestionReason::registration, 1min),
        candidate("older", QuestionReason::registration, 2min), candidate("arrived", QuestionReason::arrival, 3h),
        candidate("deleted", QuestionReason::deletion, 1s),     candidate("new", QuestionReason::arrival, 3h),
        candidate("future", QuestionReason::registration, -1s),
    };
    const auto all = plan_questions(candidates, noon, 100);
    REQUIRE(all.size() == 5);
    CHECK(all[0].entra_user_id == "deleted");
    CHECK(all[1].entra_user_id == "older");
    CHECK(all[2].entra_user_id == "new");
    CHECK(all[3].entra_user_id == "arrived");
    CHECK(all[4].entra_user_id == "late");
    CHECK(plan_questions(candidates, noon, 2).size() == 2);
    CHECK(plan_questions(candidates, noon, 0).empty());
}

TEST_CASE("questions: one user's kinds are questions of their own") {
    CHECK(plan_questions({candidate("a", QuestionReason::registration, 1s),
                          candidate("a", QuestionReason::registration, 1s, KeyKind::fido)},
                         noon, 9)
              .size() == 2);
}

std::optional<Due> due(const WaitingForMethod& registration, Instant now = noon) {
    return registration_due(registration, now, cycle, overdue_after);
}

TEST_CASE("a registration is asked about at once, and when it was shown, not before it is overdue") {
    CHECK(due({noon, {}, {}, {}})->at == noon);
    CHECK_FALSE(due({noon - 64min, noon - 60min, noon - 60min, {}}).has_value());
    const auto overdue = due({noon - 66min, noon - 60min, noon - 60min, {}});
    REQUIRE(overdue.has_value());
    CHECK(overdue->reason == QuestionReason::overdue);
    CHECK(overdue->at == noon - 1min);
    CHECK(due({noon - 3h, noon - 10min, noon - 10min, {}})->at == noon + 20min);
    CHECK(due({noon - 80h, noon, noon, {}})->at == noon + 10h);
}

TEST_CASE("a registration that Entra did not show is asked about when Entra has settled, then once a cycle") {
    CHECK(due({noon, noon + 1s, {}, {}})->at == noon + entra_settling);
    CHECK(due({noon, noon + 6min, {}, {}})->at == noon + 6min + cycle);
}

TEST_CASE("a deletion that may mean a registration is asked about at once, and again when Entra has settled") {
    const auto at_once = due({noon - 20min, noon - 19min, noon - 19min, noon - 1s});
    REQUIRE(at_once.has_value());
    CHECK(at_once->reason == QuestionReason::deletion);
    CHECK(at_once->at <= noon);
    CHECK(due({noon - 20min, noon, noon, noon - 1s})->at == noon - 1s + entra_settling);
    CHECK_FALSE(due({noon - 20min, noon + 6min, noon + 6min, noon}, noon + 7min).has_value());
}

TEST_CASE("the questions after a poll leave room for the audit log") {
    CHECK(question_budget(60s, 5) == 18);
    CHECK(question_budget(1s, 5) == 1);
    CHECK(question_budget(60s, 2) == 1);
    CHECK(question_budget(60s, 1) == 1);
    CHECK(question_budget(1h, 5) == 100);
    CHECK(question_budget(1s, 1000) == 99);
}

}  // namespace
}  // namespace keysyncd::daemon::test
