#include "daemon/rules/method_plan.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "daemon/rules/method_verdict.hpp"

namespace keysyncd::daemon {
namespace {

constexpr std::int64_t kept_for_the_audit_log = 2;
constexpr std::int64_t limit_seconds = 10;

// However long the interval and however high the limit: a poll must end.
constexpr std::int64_t most_questions = 100;

}  // namespace

std::vector<MethodQuestion> plan_questions(std::vector<QuestionCandidate> candidates, Instant now, std::size_t most) {
    std::erase_if(candidates, [now](const QuestionCandidate& candidate) { return candidate.due > now; });
    std::ranges::sort(candidates, {}, [](const QuestionCandidate& candidate) {
        return std::tie(candidate.reason, candidate.due, candidate.question);
    });
    std::vector<MethodQuestion> planned;
    std::set<MethodQuestion> seen;
    for (QuestionCandidate& candidate : candidates) {
        if (planned.size() == most) {
            break;
        }
        if (seen.insert(candidate.question).second) {
            planned.push_back(std::move(candidate.question));
        }
    }
    return planned;
}

std::optional<Due> registration_due(const WaitingForMethod& registration, Instant now, Ticks cycle,
                                    Ticks overdue_after) {
    if (!registration.asked_at) {
        return Due{QuestionReason::registration, std::min(registration.registered_at, now)};
    }
    const Instant asked = *registration.asked_at;
    if (registration.deletion && asked < *registration.deletion + entra_settling) {
        // Asked at once; where Entra may not have settled then, once more.
        return Due{QuestionReason::deletion,
                   asked < *registration.deletion ? *registration.deletion : *registration.deletion + entra_settling};
    }
    if (!registration.known_at) {
        const Instant settled = registration.registered_at + entra_settling;
        return Due{QuestionReason::registration, asked < settled ? settled : asked + cycle};
    }
    if (now - registration.registered_at >= overdue_after) {
        // Rarer with age: keys that never arrive (security keys that are not written back) must not eat up the limit.
        const Ticks pause = std::max(cycle, (asked - registration.registered_at) / 8);
        return Due{QuestionReason::overdue, std::max(asked + pause, registration.registered_at + overdue_after)};
    }
    return std::nullopt;
}

std::size_t question_budget(std::chrono::seconds poll_interval, int limit) noexcept {
    const std::int64_t spare = std::max<std::int64_t>(limit - kept_for_the_audit_log, 0);
    return static_cast<std::size_t>(
        std::clamp<std::int64_t>(spare * poll_interval.count() / limit_seconds, 1, most_questions));
}

}  // namespace keysyncd::daemon
