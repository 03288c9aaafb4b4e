// Everything that one configuration sets going: the ledger, a monitor a domain, a monitor of Entra ID. A reload
// replaces the engine as a whole; the web server outlives it. Owner's thread.
#pragma once

#include <memory>
#include <vector>

#include "config/settings.hpp"
#include "daemon/monitor/arrival_monitor.hpp"
#include "daemon/monitor/audit_file_monitor.hpp"
#include "daemon/monitor/domain_monitor.hpp"
#include "daemon/monitor/entra_monitor.hpp"
#include "daemon/monitor/ledger_service.hpp"
#include "daemon/monitor/readiness.hpp"
#include "daemon/monitor/request_lanes.hpp"
#include "daemon/process/progress.hpp"
#include "ldap/deadline_supervisor.hpp"
#include "metrics/instruments.hpp"
#include "metrics/snapshot_slot.hpp"

namespace keysyncd::daemon {

[[nodiscard]] metrics::DeclaredSources declared_sources(const config::Settings& settings);

class Engine {
  public:
    /// Throws what the ledger throws when it cannot be opened. `on_damage`: as LedgerService's.
    Engine(config::Settings settings, metrics::Instruments& instruments, metrics::SnapshotSlot& slot,
           Progress& progress, RequestLanes& lanes, Clock clock, std::function<void()> on_damage);
    /// Asks every monitor to stop, waits for them, then commits and closes the ledger.
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    [[nodiscard]] const config::Settings& settings() const noexcept { return settings_; }
    /// Empty when ready.
    [[nodiscard]] std::string not_ready_reason() const { return readiness_.reason(); }

  private:
    config::Settings settings_;
    Readiness readiness_;
    ldap::DeadlineSupervisor supervisor_;
    LedgerService ledger_;
    std::vector<std::unique_ptr<DomainMonitor>> domains_;
    std::vector<std::unique_ptr<ArrivalMonitor>> arrivals_;
    std::unique_ptr<AuditFileMonitor> audit_files_;
    std::unique_ptr<EntraMonitor> entra_;
};

}  // namespace keysyncd::daemon
