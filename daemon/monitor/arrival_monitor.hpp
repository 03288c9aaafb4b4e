// Watches one server of observe_servers for the arrival of new keys, on a thread of its own: asked only about keys that
// are awaited there, until each is seen.
#pragma once

#include <memory>
#include <string>

#include "config/settings.hpp"
#include "daemon/monitor/ledger_service.hpp"
#include "daemon/process/clock.hpp"
#include "daemon/process/progress.hpp"
#include "daemon/process/worker.hpp"
#include "ldap/arrival_watch.hpp"
#include "metrics/instruments.hpp"

namespace keysyncd::daemon {

class ArrivalMonitor {
  public:
    ArrivalMonitor(const config::DomainSettings& settings, const std::string& server,
                   ldap::DeadlineSupervisor& supervisor, LedgerService& ledger, metrics::Instruments& instruments,
                   Progress& progress, Clock clock);

    void request_stop() { worker_.request_stop(); }

  private:
    std::chrono::milliseconds step(const std::stop_token& stop);

    std::string domain_;
    std::chrono::seconds poll_interval_;
    LedgerService* ledger_;
    metrics::Instruments* instruments_;
    Clock clock_;
    DomainId id_;
    std::shared_ptr<Progress::Beat> beat_;
    std::string last_failure_;  ///< told once, not at every try
    ldap::ArrivalWatch watch_;
    Worker worker_;  // last: its thread uses the others
};

}  // namespace keysyncd::daemon
