#include "daemon/entra_monitor.hpp"

#include <fmt/format.h>

#include <exception>

#include "daemon/log.hpp"
#include "daemon/random.hpp"

namespace keysyncd::daemon {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// A long look-back under throttling; every request inside has a deadline of its own.
constexpr std::chrono::minutes longest_step{30};

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
    const Instant since = ledger_->call([&](LedgerDesk& desk) { return desk.registrations.read_from(started); });
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
    log(LogLevel::debug, "read the audit log", {{"since", entra::format_rfc3339(since, 0)}, {"events", events}});
    return {};
}

std::expected<void, entra::GraphError> EntraMonitor::read_users(const std::stop_token& stop) {
    const auto wanted = ledger_->call([&](LedgerDesk& desk) { return desk.registrations.users_to_read(clock_()); });
    for (const std::string& user : wanted) {
        const auto answer = reader_.read_user(user, stop);
        if (!answer) {
            return std::unexpected(answer.error());
        }
        ledger_->call([&](LedgerDesk& desk) { desk.registrations.record_user(user, *answer, clock_()); });
    }
    return {};
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
