// Asks Entra about users' authentication methods, as the ledger wants it (daemon/method_recorder.hpp), after the audit
// log was read. Whatever goes wrong here harms nothing else: it is told, and tried again later; what goes wrong with
// one user does not keep the others waiting. Blocking, one worker thread.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "daemon/process/clock.hpp"
#include "daemon/process/log.hpp"
#include "daemon/record/ledger_desk.hpp"
#include "entra/graph_reader.hpp"
#include "entra/user_failures.hpp"

namespace keysyncd::daemon {

class MethodInquiry {
  public:
    MethodInquiry(entra::GraphReader& reader, AtLedgerDesk at_desk, Clock clock, Tell tell)
        : reader_(&reader), at_desk_(std::move(at_desk)), clock_(std::move(clock)), tell_(std::move(tell)) {}

    /// `most` requests at most, and after the first none begun after `until`.
    void ask(std::size_t most, std::chrono::steady_clock::time_point until, const std::stop_token& stop);

  private:
    enum class Next : bool { go_on, rest };
    [[nodiscard]] Next ask_one(const MethodQuestion& question, const std::stop_token& stop);
    [[nodiscard]] Next failed(const MethodQuestion& question, const entra::GraphError& error);
    void tell_failure(const entra::GraphError& error, entra::FailureOf whose);

    entra::GraphReader* reader_;
    AtLedgerDesk at_desk_;
    Clock clock_;
    Tell tell_;
    bool unavailable_ = false;  ///< in this cloud
    std::optional<std::chrono::steady_clock::time_point> not_before_;
    entra::UserFailures failures_;
    std::string told_, told_of_user_;  ///< the last failures, so that each is told once
};

}  // namespace keysyncd::daemon
