// Registrations by the registration report, for tenants without the audit log: the report once an hour, then those
// whose row moved, so many with each poll that the next one is not late. Blocking, one worker thread.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "daemon/process/log.hpp"
#include "daemon/record/ledger_desk.hpp"
#include "entra/graph_reader.hpp"

namespace keysyncd::daemon {

class ReportSurvey {
  public:
    using Record = std::function<void(std::vector<entra::RegistrationEvent>&&)>;

    ReportSurvey(entra::GraphReader& reader, AtLedgerDesk at_desk, Tell tell, Record record, Ticks lookback)
        : reader_(&reader),
          at_desk_(std::move(at_desk)),
          tell_(std::move(tell)),
          record_(std::move(record)),
          lookback_(lookback) {}

    [[nodiscard]] std::expected<void, entra::GraphError> read(Instant now, const std::stop_token& stop);
    /// Users that are still to be asked about.
    [[nodiscard]] std::size_t postponed() const noexcept { return moved_.size(); }

  private:
    [[nodiscard]] std::expected<void, entra::GraphError> go_on(Instant now, const std::stop_token& stop);
    void open(Instant now);
    void save(Instant now);

    entra::GraphReader* reader_;
    AtLedgerDesk at_desk_;
    Tell tell_;
    Record record_;
    Ticks lookback_;
    std::optional<entra::SurveyState> state_;  ///< the ledger's, and what was learned since it was saved
    std::optional<Instant> saved_at_, reported_at_;
    entra::MovedUsers moved_;
    std::string told_;  ///< the last failure of a user
};

}  // namespace keysyncd::daemon
