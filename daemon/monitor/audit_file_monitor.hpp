// Watches exported audit logs on a thread of its own: instead of Graph, or beside it. The same event through both ways
// counts once, by its id.
#pragma once

#include <memory>
#include <optional>

#include "config/settings.hpp"
#include "daemon/monitor/ledger_service.hpp"
#include "daemon/process/clock.hpp"
#include "daemon/process/progress.hpp"
#include "daemon/process/worker.hpp"
#include "entra/audit_file_reader.hpp"
#include "metrics/instruments.hpp"

namespace keysyncd::daemon {

class AuditFileMonitor {
  public:
    AuditFileMonitor(const config::EntraSettings& settings, LedgerService& ledger, metrics::Instruments& instruments,
                     Progress& progress, Clock clock);

    void request_stop() { worker_.request_stop(); }

  private:
    std::chrono::milliseconds step(const std::stop_token& stop);
    void open_reader();

    config::EntraSettings settings_;
    LedgerService* ledger_;
    metrics::Instruments* instruments_;
    Clock clock_;
    std::shared_ptr<Progress::Beat> beat_;
    std::optional<entra::AuditFileReader> reader_;  ///< made anew from the ledger's cursor after a failure
    Instant from_;                                  ///< events before are left out
    std::uint64_t malformed_ = 0;                   ///< records since the ledger's cursor
    std::uint64_t left_out_ = 0;                    ///< events of this step
    Worker worker_;                                 // last: its thread uses the others
};

}  // namespace keysyncd::daemon
