// Asks Graph who the users are that the ledger wants to know about. One that Graph cannot answer about is told once and
// asked about again later and later: the others, and everything else of a poll, are not kept waiting. Blocking, one
// worker thread.
#pragma once

#include <expected>
#include <stop_token>
#include <string>
#include <vector>

#include "daemon/process/clock.hpp"
#include "daemon/process/log.hpp"
#include "daemon/record/ledger_desk.hpp"
#include "daemon/rules/postponements.hpp"
#include "entra/graph_reader.hpp"
#include "entra/user_failures.hpp"

namespace keysyncd::daemon {

class UserInquiry {
  public:
    UserInquiry(entra::GraphReader& reader, AtLedgerDesk at_desk, Clock clock, Tell tell)
        : reader_(&reader), at_desk_(std::move(at_desk)), clock_(std::move(clock)), tell_(std::move(tell)) {}

    /// An error is everybody's: the network, the service, a right that is missing.
    [[nodiscard]] std::expected<void, entra::GraphError> ask(const std::stop_token& stop);

  private:
    [[nodiscard]] std::vector<std::string> names();
    [[nodiscard]] bool is_alone(const entra::UserAnswer& failed, bool others_were_answered);

    entra::GraphReader* reader_;
    AtLedgerDesk at_desk_;
    Clock clock_;
    Tell tell_;
    Postponements postponements_;
    entra::UserFailures failures_;
};

}  // namespace keysyncd::daemon
