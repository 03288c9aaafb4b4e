// Watches one domain: polls it on a thread of its own, hands what it finds to the ledger, asks about stuck accounts.
// A dead domain delays nothing but itself.
#pragma once

#include <memory>
#include <set>

#include "config/settings.hpp"
#include "daemon/monitor/ledger_service.hpp"
#include "daemon/monitor/readiness.hpp"
#include "daemon/process/backoff.hpp"
#include "daemon/process/clock.hpp"
#include "daemon/process/progress.hpp"
#include "daemon/process/worker.hpp"
#include "ldap/deadline_supervisor.hpp"
#include "ldap/domain_reader.hpp"
#include "metrics/instruments.hpp"

namespace keysyncd::daemon {

/// Who tells which directory user a registration belongs to.
enum class UserSource : std::uint8_t { graph, directory };

class DomainMonitor {
  public:
    DomainMonitor(const config::DomainSettings& settings, ldap::DeadlineSupervisor& supervisor, LedgerService& ledger,
                  metrics::Instruments& instruments, Readiness& readiness, Progress& progress, UserSource user_source,
                  Clock clock);

    void request_stop() { worker_.request_stop(); }

  private:
    std::chrono::milliseconds step(const std::stop_token& stop);
    void finished(const ldap::PassEnd& end, std::chrono::nanoseconds took);
    std::chrono::milliseconds failed(std::string_view server, std::string_view reason, std::string_view detail,
                                     std::chrono::nanoseconds took);
    /// Each warning once.
    void tell(std::string_view message, const std::vector<std::string>& warnings);
    void tell_clock(const ldap::PassStart& start);
    void look_up_stuck_accounts(const std::stop_token& stop);
    void resolve_registrations(const std::stop_token& stop);

    config::DomainSettings settings_;
    LedgerService* ledger_;
    metrics::Instruments* instruments_;
    Readiness* readiness_;
    UserSource user_source_;
    Clock clock_;
    std::shared_ptr<Progress::Beat> beat_;
    DomainId id_;
    Backoff backoff_;
    bool sweep_again_ = false;  ///< the ledger lost part of a pass
    std::set<std::string> told_;
    std::set<std::string> wrong_clocks_;  ///< servers, as told
    std::string last_failure_;            ///< told once, not at every try
    std::string tracking_;                ///< as told last
    ldap::DomainReader reader_;
    Worker worker_;  // last: its thread uses the others
};

}  // namespace keysyncd::daemon
