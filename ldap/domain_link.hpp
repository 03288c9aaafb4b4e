// The connection to one of a domain's controllers, and what was learned when it was opened. Finds the servers, keeps to
// the one that answers, opens a connection that was cut in between again, and goes on to the next server when one
// fails. Blocking, for one worker thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "config/settings.hpp"
#include "ldap/connection.hpp"
#include "ldap/guid.hpp"
#include "ldap/server_rotation.hpp"
#include "ldap/sid.hpp"

namespace keysyncd::ldap {

class DomainLink {
  public:
    /// `settings` must outlive it.
    DomainLink(const config::DomainSettings& settings, DeadlineSupervisor& supervisor, const ConnectionLimits& limits);

    /// Connects where that is needed, runs `operation`, and drops the connection after any failure. A connection of an
    /// earlier run that is found cut before answered() is opened again, on the same server, and the operation repeated.
    template <class Operation>
    auto run(const std::stop_token& stop, const Operation& operation) -> decltype(operation());

    // What follows is for the operation alone.

    [[nodiscard]] Connection& connection() noexcept { return *connection_; }
    /// It lives: whatever happens to it from here on is the server's failure.
    void answered() noexcept { answered_ = true; }

    [[nodiscard]] const std::string& server() const noexcept { return rotation_.current(); }
    [[nodiscard]] const std::string& naming_context() const noexcept { return naming_context_; }
    [[nodiscard]] const Guid& invocation_id() const noexcept { return invocation_id_; }
    [[nodiscard]] const Sid& domain_sid() const noexcept { return domain_sid_; }
    /// How often a connection was opened: tells one from another.
    [[nodiscard]] std::uint64_t connections() const noexcept { return connections_; }

  private:
    /// Whether a connection is there that was there before.
    [[nodiscard]] bool keeps_connection();
    [[nodiscard]] std::expected<void, PollError> connect(const std::stop_token& stop);
    [[nodiscard]] std::expected<void, PollError> discover(const std::stop_token& stop);
    [[nodiscard]] PollError drop(PollError error);

    const config::DomainSettings& settings_;
    DeadlineSupervisor& supervisor_;
    ConnectionLimits limits_;
    ServerRotation rotation_;
    std::optional<std::chrono::steady_clock::time_point> discovered_at_;
    std::unique_ptr<Connection> connection_;
    std::uint64_t connections_ = 0;
    bool answered_ = false;
    std::string naming_context_;
    Guid invocation_id_;
    Sid domain_sid_;
};

template <class Operation>
auto DomainLink::run(const std::stop_token& stop, const Operation& operation) -> decltype(operation()) {
    const bool kept = keeps_connection();
    if (!kept) {
        if (auto connected = connect(stop); !connected) {
            return std::unexpected(drop(std::move(connected.error())));
        }
    }
    answered_ = false;
    auto outcome = operation();
    if (!outcome && kept && !answered_ && was_cut(outcome.error())) {
        if (auto connected = connect(stop); !connected) {
            return std::unexpected(drop(std::move(connected.error())));
        }
        outcome = operation();
    }
    if (!outcome) {
        return std::unexpected(drop(std::move(outcome.error())));
    }
    rotation_.succeeded();
    return outcome;
}

}  // namespace keysyncd::ldap
