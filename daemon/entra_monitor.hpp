// Watches Entra ID: reads the audit log, the users it names and the tenant's last sync on a thread of its own.
#pragma once

#include <memory>
#include <optional>

#include "config/settings.hpp"
#include "daemon/backoff.hpp"
#include "daemon/clock.hpp"
#include "daemon/ledger_service.hpp"
#include "daemon/progress.hpp"
#include "daemon/worker.hpp"
#include "entra/graph_reader.hpp"
#include "metrics/instruments.hpp"

namespace keysyncd::daemon {

class EntraMonitor {
  public:
    EntraMonitor(const config::EntraSettings& settings, LedgerService& ledger, metrics::Instruments& instruments,
                 Progress& progress, Clock clock);

    void request_stop() { worker_.request_stop(); }

  private:
    std::chrono::milliseconds step(const std::stop_token& stop);
    [[nodiscard]] std::expected<void, entra::GraphError> poll(const std::stop_token& stop);
    [[nodiscard]] std::expected<void, entra::GraphError> read_audit_log(Instant started, const std::stop_token& stop);
    [[nodiscard]] std::expected<void, entra::GraphError> survey(Instant started, const std::stop_token& stop);
    [[nodiscard]] std::expected<void, entra::GraphError> read_users(const std::stop_token& stop);
    std::chrono::milliseconds failed(std::string_view reason, std::string_view detail, std::chrono::nanoseconds took);

    config::EntraSettings settings_;
    LedgerService* ledger_;
    metrics::Instruments* instruments_;
    Clock clock_;
    std::shared_ptr<Progress::Beat> beat_;
    Backoff backoff_;
    std::optional<Instant> surveyed_at_;
    std::string last_failure_;
    entra::GraphReader reader_;
    Worker worker_;  // last: its thread uses the others
};

}  // namespace keysyncd::daemon
