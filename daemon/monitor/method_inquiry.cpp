#include "daemon/monitor/method_inquiry.hpp"

#include <fmt/format.h>

namespace keysyncd::daemon {
namespace {

using SteadyClock = std::chrono::steady_clock;

// A permission that is not granted: somebody may grant it, but not every minute.
constexpr std::chrono::hours between_refusals{1};

}  // namespace

void MethodInquiry::ask(std::size_t most, SteadyClock::time_point until, const std::stop_token& stop) {
    if (unavailable_ || most == 0 || (not_before_ && SteadyClock::now() < *not_before_)) {
        return;
    }
    failures_.rested();
    std::vector<MethodQuestion> questions;
    at_desk_([&](LedgerDesk& desk) { questions = desk.methods.questions(clock_(), most); });
    for (const MethodQuestion& question : questions) {
        if (stop.stop_requested() || ask_one(question, stop) == Next::rest || SteadyClock::now() >= until) {
            return;
        }
    }
}

MethodInquiry::Next MethodInquiry::ask_one(const MethodQuestion& question, const std::stop_token& stop) {
    // Of before the request: what is deleted while it is under way may be in the answer still.
    const Instant asked_at = clock_();
    const auto answer = reader_->read_methods(question.entra_user_id, question.kind, stop);
    if (!answer) {
        return failed(question, answer.error());
    }
    if (answer->knowledge == entra::MethodsKnowledge::unavailable) {
        unavailable_ = true;
        tell_(LogLevel::info, "this cloud does not show authentication methods: keys are not confirmed by them", "");
        return Next::rest;
    }
    failures_.answered();
    not_before_.reset();
    if (!told_.empty()) {
        told_.clear();
        tell_(LogLevel::info, "authentication methods can be read again", "");
    }
    at_desk_([&](LedgerDesk& desk) { desk.methods.record(question, *answer, asked_at); });
    return Next::go_on;
}

MethodInquiry::Next MethodInquiry::failed(const MethodQuestion& question, const entra::GraphError& error) {
    using entra::GraphFailure;
    if (error.failure == GraphFailure::stopped) {
        return Next::rest;
    }
    const entra::FailureOf whose = failures_.failed(question.entra_user_id, error.failure);
    tell_failure(error, whose);
    const bool may_be_of_this_user = error.failure == GraphFailure::forbidden ||
                                     error.failure == GraphFailure::server || error.failure == GraphFailure::timeout;
    if (whose == entra::FailureOf::user || may_be_of_this_user) {
        // Else the next pass would begin with the same question, and so on for ever.
        at_desk_([&](LedgerDesk& desk) { desk.methods.postpone(question, clock_()); });
    }
    if (whose == entra::FailureOf::user) {
        return Next::go_on;
    }
    if (error.failure == GraphFailure::forbidden) {
        not_before_ = SteadyClock::now() + between_refusals;
    }
    return Next::rest;
}

void MethodInquiry::tell_failure(const entra::GraphError& error, entra::FailureOf whose) {
    const std::string failure{to_string(error.failure)};
    const std::string detail = fmt::format("{}: {}", failure, error.detail);
    if (whose == entra::FailureOf::user) {
        tell_(told_of_user_ == detail ? LogLevel::debug : LogLevel::warn,
              "Graph cannot answer about a user's authentication methods: asked again later, the others go on", detail);
        told_of_user_ = detail;
        return;
    }
    tell_(told_ == failure ? LogLevel::debug : LogLevel::warn,
          "authentication methods cannot be read: keys are not confirmed by them, everything else goes on", detail);
    told_ = failure;
}

}  // namespace keysyncd::daemon
