#include "daemon/monitor/entra_monitor.hpp"

#include <fmt/format.h>

#include <exception>

#include "daemon/process/log.hpp"
#include "daemon/process/random.hpp"
#include "daemon/rules/method_plan.hpp"

namespace keysyncd::daemon {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// A long look-back under throttling; every request inside has a deadline of its own.
constexpr std::chrono::minutes longest_step{30};

entra::GraphObserver observer_of(metrics::Instruments& instruments, LedgerService& ledger) {
    return {
        [&instruments](std::string_view endpoint, std::string_view code) { instruments.graph_request(endpoint, code); },
        [&instruments](std::chrono::nanoseconds waited) { instruments.graph_throttled(waited); },
        [&ledger](std::string_view detail) {
            // The overlap brings it again with each poll.
            if (ledger.call([&](LedgerDesk& desk) { return desk.tenant.record_malformed(detail); })) {
                log(LogLevel::warn, "an audit record could not be read and was skipped", {{"detail", detail}});
            }
        },
        [](std::string_view detail) {
            log(LogLevel::info, "Graph refused the audit log's query: it is read in smaller pieces for an hour",
                {{"detail", detail}});
        }};
}

void tell(LogLevel level, std::string_view message, std::string_view detail) {
    if (detail.empty()) {
        log(level, message);
    } else {
        log(level, message, {{"detail", detail}});
    }
}

}  // namespace

EntraMonitor::EntraMonitor(const config::EntraSettings& settings, std::shared_ptr<entra::RequestLane> reports,
                           LedgerService& ledger, metrics::Instruments& instruments, Progress& progress, Clock clock)
    : settings_(settings),
      instruments_(&instruments),
      clock_(std::move(clock)),
      beat_(progress.add("entra", settings.poll_interval + longest_step, SteadyClock::now())),
      backoff_(milliseconds{1000}, std::max(milliseconds{settings.poll_interval}, milliseconds{1000})),
      reader_(settings, observer_of(instruments, ledger), std::move(reports)),
      feed_(
          settings, reader_,
          [&ledger](const std::function<void(LedgerDesk&)>& work) {
              ledger.call([&work](LedgerDesk& desk) { work(desk); });
          },
          clock_, tell),
      worker_([this](const std::stop_token& stop) { return step(stop); }) {}

milliseconds EntraMonitor::step(const std::stop_token& stop) {
    const auto started = SteadyClock::now();
    beat_->strike(started);
    try {
        // Before the poll: one that has ended is why the poll fails.
        if (const auto expiry = reader_.certificate_expiry()) {
            instruments_->certificate_expiry(entra_client_certificate, *expiry);
        }
        const auto outcome = feed_.poll(stop);
        const auto took = SteadyClock::now() - started;
        if (stop.stop_requested()) {
            return milliseconds{0};
        }
        milliseconds rest = settings_.poll_interval;
        if (outcome) {
            poll_succeeded(took);
        } else {
            const entra::GraphFailure failure = outcome.error().failure;
            rest = failed(to_string(failure), outcome.error().detail, took);
            if (is_everywhere(failure) || failure == entra::GraphFailure::throttled) {
                return rest;
            }
        }
        // In what is left of the interval: the audit log comes first, and is not late because of them.
        const auto next = SteadyClock::now() + rest;
        feed_.confirm_keys(question_budget(std::chrono::ceil<std::chrono::seconds>(rest), settings_.reports_limit),
                           next, stop);
        return std::max(std::chrono::ceil<milliseconds>(next - SteadyClock::now()), milliseconds{0});
    } catch (const std::exception& error) {
        return failed("ledger", error.what(), SteadyClock::now() - started);
    }
}

void EntraMonitor::poll_succeeded(std::chrono::nanoseconds took) {
    backoff_.succeeded();
    instruments_->poll_succeeded(metrics::Source::graph, "", "", took, clock_());
    if (const auto offset = reader_.clock_offset()) {
        instruments_->clock_offset("graph", *offset);
    }
    if (!last_failure_.empty()) {
        last_failure_.clear();
        log(LogLevel::info, "Microsoft Graph answers again");
    }
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
