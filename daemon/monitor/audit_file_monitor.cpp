#include "daemon/monitor/audit_file_monitor.hpp"

#include <exception>

#include "daemon/process/log.hpp"

namespace keysyncd::daemon {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::minutes longest_step{30};
constexpr std::string_view position_name = "audit_files";

void tell(const entra::AuditFileProblem& problem) {
    log(LogLevel::warn, problem.line == 0 ? "an audit file could not be read" : "an audit record was skipped",
        {{"file", problem.path}, {"line", problem.line}, {"detail", problem.detail}});
}

}  // namespace

AuditFileMonitor::AuditFileMonitor(const config::EntraSettings& settings, LedgerService& ledger,
                                   metrics::Instruments& instruments, Progress& progress, Clock clock)
    : settings_(settings),
      ledger_(&ledger),
      instruments_(&instruments),
      clock_(std::move(clock)),
      beat_(progress.add("audit files", settings.poll_interval + longest_step, SteadyClock::now())),
      worker_([this](const std::stop_token& stop) { return step(stop); }) {}

void AuditFileMonitor::open_reader() {
    const std::string stored = ledger_->call([this](LedgerDesk& desk) {
        std::string position = desk.registrations.position(position_name);
        from_ = desk.tenant.audit_files_from(clock_(), !position.empty());
        return position;
    });
    malformed_ = 0;
    reader_.emplace(
        settings_.audit_files, settings_.activities,
        [this](const entra::AuditFileProblem& problem) {
            malformed_ += problem.line == 0 ? 0U : 1U;
            tell(problem);
        },
        entra::parse_audit_file_cursor(stored).value_or(entra::AuditFileCursor{}));
}

std::chrono::milliseconds AuditFileMonitor::step(const std::stop_token& stop) {
    const auto started = SteadyClock::now();
    beat_->strike(started);
    try {
        if (!reader_) {
            open_reader();
        }
        left_out_ = 0;
        const auto pass = reader_->read(
            [this](std::vector<entra::RegistrationEvent>&& events, const entra::AuditFileCursor& cursor) {
                left_out_ +=
                    std::erase_if(events, [this](const entra::RegistrationEvent& event) { return event.at < from_; });
                ledger_->call([&](LedgerDesk& desk) {
                    desk.registrations.record_events(
                        events, clock_(), {std::string{position_name}, entra::serialize(cursor), malformed_});
                });
                malformed_ = 0;
                return true;
            },
            stop);
        const auto took = SteadyClock::now() - started;
        if (pass.unreadable > 0) {
            instruments_->poll_failed(metrics::Source::audit_file, "", "", "unreadable", took);
        } else if (!pass.stopped) {
            instruments_->poll_succeeded(metrics::Source::audit_file, "", "", took, clock_());
        }
        if (left_out_ > 0) {
            log(LogLevel::info, "events of audit files from before the look-back are left out",
                {{"events", left_out_}, {"before", entra::format_rfc3339(from_, 0)}});
        }
        if (pass.records > 0) {
            log(LogLevel::debug, "read audit files",
                {{"files", std::uint64_t{pass.files}}, {"records", pass.records}, {"events", pass.events}});
        }
    } catch (const std::exception& error) {
        reader_.reset();
        instruments_->poll_failed(metrics::Source::audit_file, "", "", "ledger", SteadyClock::now() - started);
        log(LogLevel::error, "audit files could not be recorded", {{"error", error.what()}});
    }
    return settings_.poll_interval;
}

}  // namespace keysyncd::daemon
