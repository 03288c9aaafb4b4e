#include "daemon/monitor/report_survey.hpp"

#include <fmt/format.h>

namespace keysyncd::daemon {
namespace {

constexpr Ticks between_reports = std::chrono::hours{1};
constexpr std::size_t users_a_poll = 50;
constexpr std::string_view position_name = "registration_survey";

// The state tells of every user, and is one text. What is lost with a crash is asked about again, and its events, which
// are recorded at once, are known by their ids.
constexpr Ticks between_savings = std::chrono::minutes{10};

bool is_due(const std::optional<Instant>& last, Instant now, Ticks interval) {
    return !last || std::chrono::abs(now - *last) >= interval;
}

}  // namespace

std::expected<void, entra::GraphError> ReportSurvey::read(Instant now, const std::stop_token& stop) {
    try {
        return go_on(now, stop);
    } catch (...) {
        // An event may not have been recorded: what the state has learned of it must be learned again.
        state_.reset();
        reported_at_.reset();
        moved_.clear();
        throw;
    }
}

std::expected<void, entra::GraphError> ReportSurvey::go_on(Instant now, const std::stop_token& stop) {
    open(now);
    if (is_due(reported_at_, now, between_reports)) {
        auto report = reader_->read_registration_report(*state_, stop);
        if (!report) {
            return std::unexpected(report.error());
        }
        moved_ = std::move(report->moved);
        reported_at_ = now;
        saved_at_.reset();
        tell_(LogLevel::debug, "read the registration report",
              fmt::format("{} users, {} to be asked about", report->users, moved_.size()));
    } else if (moved_.empty()) {
        return {};
    }
    const auto pass = reader_->survey_registrations(
        *state_, moved_, now, users_a_poll,
        [&](std::vector<entra::RegistrationEvent>&& events) {
            record_(std::move(events));
            return !stop.stop_requested();
        },
        stop);
    if (moved_.empty() || stop.stop_requested() || is_due(saved_at_, now, between_savings)) {
        save(now);
    }
    if (!pass) {
        return std::unexpected(pass.error());
    }
    if (pass->error) {
        const std::string failure = fmt::format("{}: {}", to_string(pass->error->failure), pass->error->detail);
        tell_(failure == told_ ? LogLevel::debug : LogLevel::warn,
              "Graph cannot answer about a user's methods: asked again with the next report, the others go on",
              failure);
        told_ = failure;
    }
    tell_(LogLevel::debug, "asked about users of the registration report",
          fmt::format("{} asked about, {} without an answer, {} to come", pass->asked, pass->failed, moved_.size()));
    return {};
}

void ReportSurvey::open(Instant now) {
    if (state_) {
        return;
    }
    std::string stored;
    at_desk_([&](LedgerDesk& desk) { stored = desk.registrations.position(position_name); });
    state_ = entra::parse_survey_state(stored).value_or(entra::SurveyState{});
    if (!state_->baseline) {
        state_->baseline = now - lookback_;
    }
}

void ReportSurvey::save(Instant now) {
    at_desk_([&](LedgerDesk& desk) {
        desk.registrations.record_events({}, now, {std::string{position_name}, entra::serialize(*state_)});
    });
    saved_at_ = now;
}

}  // namespace keysyncd::daemon
