// Watches Entra ID on a thread of its own: polls, their metrics and their failures. What is read, and in which order,
// is RegistrationFeed's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "config/settings.hpp"
#include "daemon/monitor/ledger_service.hpp"
#include "daemon/monitor/registration_feed.hpp"
#include "daemon/process/backoff.hpp"
#include "daemon/process/clock.hpp"
#include "daemon/process/progress.hpp"
#include "daemon/process/worker.hpp"
#include "entra/graph_reader.hpp"
#include "metrics/instruments.hpp"

namespace keysyncd::daemon {

/// The endpoint, in metrics, of the certificate that we sign in to Entra ID with.
inline constexpr std::string_view entra_client_certificate = "entra_client";

class EntraMonitor {
  public:
    EntraMonitor(const config::EntraSettings& settings, std::shared_ptr<entra::RequestLane> reports,
                 LedgerService& ledger, metrics::Instruments& instruments, Progress& progress, Clock clock);

    void request_stop() { worker_.request_stop(); }

  private:
    std::chrono::milliseconds step(const std::stop_token& stop);
    void poll_succeeded(std::chrono::nanoseconds took);
    std::chrono::milliseconds failed(std::string_view reason, std::string_view detail, std::chrono::nanoseconds took);

    config::EntraSettings settings_;
    metrics::Instruments* instruments_;
    Clock clock_;
    std::shared_ptr<Progress::Beat> beat_;
    Backoff backoff_;
    std::string last_failure_;
    entra::GraphReader reader_;
    RegistrationFeed feed_;
    Worker worker_;  // last: its thread uses the others
};

}  // namespace keysyncd::daemon
