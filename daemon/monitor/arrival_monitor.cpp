#include "daemon/monitor/arrival_monitor.hpp"

#include <exception>

#include "daemon/process/log.hpp"

namespace keysyncd::daemon {
namespace {

// Every operation inside has a deadline of its own.
constexpr std::chrono::minutes longest_step{10};

}  // namespace

ArrivalMonitor::ArrivalMonitor(const config::DomainSettings& settings, const std::string& server,
                               ldap::DeadlineSupervisor& supervisor, LedgerService& ledger,
                               metrics::Instruments& instruments, Progress& progress, Clock clock)
    : domain_(settings.name),
      poll_interval_(settings.poll_interval),
      ledger_(&ledger),
      instruments_(&instruments),
      clock_(std::move(clock)),
      id_(ledger.domain_id(settings.name)),
      beat_(progress.add("arrivals at " + server, settings.poll_interval + longest_step, Progress::Clock::now())),
      watch_(settings, server, supervisor),
      worker_([this](const std::stop_token& stop) { return step(stop); }) {}

std::chrono::milliseconds ArrivalMonitor::step(const std::stop_token& stop) {
    beat_->strike(Progress::Clock::now());
    try {
        const auto rows =
            ledger_->call([this](LedgerDesk& desk) { return desk.ledger.awaited.of(id_, watch_.server()); });
        std::vector<ldap::AwaitedKey> awaited;
        awaited.reserve(rows.size());
        for (const AwaitedTable::Row& row : rows) {
            awaited.push_back(row.key);
        }
        const auto arrivals = watch_.look(awaited, stop);
        if (stop.stop_requested()) {
            return std::chrono::milliseconds{0};
        }
        if (!awaited.empty() || !arrivals) {
            instruments_->observed_server(domain_, watch_.server(), arrivals.has_value());
        }
        if (!arrivals) {
            const std::string& failure = arrivals.error().detail;
            log(failure == last_failure_ ? LogLevel::debug : LogLevel::warn, "an observed server cannot be asked",
                {{"domain", domain_}, {"server", watch_.server()}, {"detail", failure}});
            last_failure_ = failure;
        } else if (!arrivals->empty()) {
            last_failure_.clear();
            ledger_->call(
                [&](LedgerDesk& desk) { desk.directory.users.arrivals.record(id_, watch_.server(), *arrivals); });
        }
    } catch (const std::exception& error) {
        log(LogLevel::error, "arrivals could not be recorded", {{"domain", domain_}, {"error", error.what()}});
    }
    return poll_interval_;
}

}  // namespace keysyncd::daemon
