// keysyncd report: the delay distribution of what is there already, in one shot and without a daemon.
#pragma once

#include <chrono>
#include <iosfwd>

#include "config/settings.hpp"
#include "daemon/command/report_data.hpp"
#include "daemon/process/clock.hpp"

namespace keysyncd::daemon {

enum class ReportFormat : std::uint8_t { table, json, csv };

/// Progress goes to `err` when it is a terminal. The exit code: 0, or 1 where a source could not be read.
[[nodiscard]] int run_report(const config::Settings& settings, std::chrono::seconds since, ReportFormat format,
                             std::ostream& out, std::ostream& err, const Clock& clock);

void write_report_table(std::ostream& out, const ReportData& data, const config::SyncSettings& sync,
                        std::chrono::seconds since, Instant now);
void write_report_json(std::ostream& out, const ReportData& data, const config::SyncSettings& sync,
                       std::chrono::seconds since);
/// One line a measured or waiting key among the slowest and the waiting, RFC 4180.
void write_report_csv(std::ostream& out, const ReportData& data);

}  // namespace keysyncd::daemon
