#include "daemon/entra_monitor.hpp"

#include <fmt/format.h>

#include <exception>

#include "daemon/log.hpp"
#include "daemon/random.hpp"
#include "entra/registration_survey.hpp"

namespace keysyncd::daemon {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// A long look-back under throttling; every request inside has a deadline of its own.
constexpr std::chrono::minutes longest_step{30};

constexpr std::chrono::hours survey_interval{1};
constexpr std::size_t users_a_survey = 50;
constexpr std::string_view survey_position = "registration_survey";

entra::GraphObserver observer_of(metrics::Instruments& instruments) {
    return {
        [&instruments](std::string_view endpoint, std::string_view code) { instruments.graph_request(endpoint, code); },
        [&instruments](std::chrono::nanoseconds waited) { instruments.graph_throttled(waited); },
        [](std::string_view detail) {
            log(LogLevel::warn, "an audit record could not be read and was skipped", {{"detail", detail}});
        }};
}

}  // namespace

EntraMonitor::EntraMonitor(const config::EntraSettings& settings, LedgerService& ledger,
                           metrics::Instruments& instruments, Progress& progress, Clock clock)
    : settings_(settings),
      ledger_(&ledger),
      instruments_(&instruments),
      clock_(std::move(clock)),
      beat_(progress.add("entra", settings.poll_interval + longest_step, SteadyClock::now())),
      backoff_(milliseconds{1000}, std::max(milliseconds{settings.poll_interval}, milliseconds{1000})),
      reader_(settings, observer_of(instruments)),
      worker_([this](const std::stop_token& stop) { return step(stop); }) {}

milliseconds EntraMonitor::step(const std::stop_token& stop) {
    const auto started = SteadyClock::now();
    beat_->strike(started);
    try {
        const auto outcome = poll(stop);
        const auto took = SteadyClock::now() - started;
        if (stop.stop_requested()) {
            return milliseconds{0};
        }
        if (!outcome) {
            return failed(to_string(outcome.error().failure), outcome.error().detail, took);
        }
        backoff_.succeeded();
        instruments_->poll_succeeded(metrics::Source::graph, "", "", took, clock_());
        if (const auto offset = reader_.clock_offset()) {
            instruments_->clock_offset("graph", *offset);
        }
        if (const auto expiry = reader_.certificate_expiry()) {
            instruments_->certificate_expiry("entra_client", *expiry);
        }
        if (!last_failure_.empty()) {
            last_failure_.clear();
            log(LogLevel::info, "Microsoft Graph answers again");
        }
        return settings_.poll_interval;
    } catch (const std::exception& error) {
        return failed("ledger", error.what(), SteadyClock::now() - started);
    }
}

std::expected<void, entra::GraphError> EntraMonitor::poll(const std::stop_token& stop) {
    const Instant started = clock_();
    auto read = settings_.registrations == config::RegistrationSource::report ? survey(started, stop)
                                                                              : read_audit_log(started, stop);
    if (!read) {
        return read;
    }
    if (auto users = read_users(stop); !users) {
        return users;
    }
    const auto organization = reader_.read_organization(stop);
    if (!organization) {
        return std::unexpected(organization.error());
    }
    ledger_->call([&](LedgerDesk& desk) {
        desk.registrations.record_organization(*organization);
        desk.registrations.finish_poll(started, clock_());
    });
    return {};
}

std::expected<void, entra::GraphError> EntraMonitor::read_audit_log(Instant started, const std::stop_token& stop) {
    const entra::AuditWindow window =
        ledger_->call([&](LedgerDesk& desk) { return desk.registrations.audit_window(started); });
    const Instant since = window.since;
    std::uint64_t events = 0;
    auto read = reader_.read_registrations(
        since,
        [&](std::vector<entra::RegistrationEvent>&& page) {
            events += page.size();
            ledger_->call([&](LedgerDesk& desk) { desk.registrations.record_events(page, clock_()); });
            return !stop.stop_requested();
        },
        stop);
    if (!read) {
        return read;
    }
    if (window.gap > Ticks::zero()) {
        ledger_->call([&](LedgerDesk& desk) { desk.registrations.record_gap(window.gap); });
        log(LogLevel::warn, "a part of the audit log is gone: registrations of that time are known only by their keys",
            {{"seconds", std::chrono::duration_cast<std::chrono::seconds>(window.gap).count()}});
    }
    log(LogLevel::debug, "read the audit log", {{"since", entra::format_rfc3339(since, 0)}, {"events", events}});
    return {};
}

// The report moves by hours: it is read once an hour, and asks about so many users that the next poll is not late.
std::expected<void, entra::GraphError> EntraMonitor::survey(Instant started, const std::stop_token& stop) {
    if (surveyed_at_ && std::chrono::abs(started - *surveyed_at_) < Ticks{survey_interval}) {
        return {};
    }
    const std::string stored =
        ledger_->call([](LedgerDesk& desk) { return desk.registrations.position(survey_position); });
    entra::SurveyState state = entra::parse_survey_state(stored).value_or(entra::SurveyState{});
    if (!state.baseline) {
        state.baseline = started - Ticks{settings_.lookback};
    }
    const auto record = [&](std::vector<entra::RegistrationEvent>&& events) {
        ledger_->call([&](LedgerDesk& desk) { desk.registrations.record_events(events, clock_()); });
        return !stop.stop_requested();
    };
    const auto pass = reader_.survey_registrations(state, started, users_a_survey, record, stop);
    // Also after an error: what was read is not read again. Its events are recorded already.
    ledger_->call([&](LedgerDesk& desk) {
        desk.registrations.record_events({}, clock_(), {std::string{survey_position}, entra::serialize(state)});
    });
    if (!pass) {
        return std::unexpected(pass.error());
    }
    if (pass->postponed == 0) {
        surveyed_at_ = started;
    }
    log(LogLevel::debug, "read the registration report",
        {{"users", std::uint64_t{pass->users}}, {"asked", std::uint64_t{pass->asked}}});
    return {};
}

std::expected<void, entra::GraphError> EntraMonitor::read_users(const std::stop_token& stop) {
    const auto wanted = ledger_->call([&](LedgerDesk& desk) { return desk.registrations.users_to_read(clock_()); });
    if (wanted.empty()) {
        return {};
    }
    const auto answers = reader_.read_users(wanted, stop);
    if (!answers) {
        return std::unexpected(answers.error());
    }
    std::expected<void, entra::GraphError> outcome;
    for (const entra::UserAnswer& answer : *answers) {
        if (answer.error) {
            outcome = std::unexpected(*answer.error);  // the others' answers still count
            continue;
        }
        ledger_->call([&](LedgerDesk& desk) { desk.registrations.record_user(answer.asked, answer.user, clock_()); });
    }
    return outcome;
}

milliseconds EntraMonitor::failed(std::string_view reason, std::string_view detail, std::chrono::nanoseconds took) {
    instruments_->poll_failed(metrics::Source::graph, "", "", reason, took);
    const milliseconds rest = backoff_.failed(random_fraction());
    const std::string failure = fmt::format("{}|{}", reason, detail);
    log(failure == last_failure_ ? LogLevel::debug : LogLevel::warn, "Microsoft Graph cannot be read",
        {{"reason", reason}, {"detail", detail}, {"next_try_ms", std::int64_t{rest.count()}}});
    last_failure_ = failure;
    return rest;
}

}  // namespace keysyncd::daemon
