// One bound connection to one domain controller: libldap behind deadlines. Belongs to one worker thread, which also
// destroys it (unbinding writes to the network).
// After any PollError other than `search`, `server_busy` and `rights` the connection is of no further use.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "config/settings.hpp"
#include "ldap/connection_limits.hpp"
#include "ldap/deadline_supervisor.hpp"
#include "ldap/poll_error.hpp"
#include "ldap/search.hpp"
#include "ldap/server_endpoint.hpp"

struct ldap;

namespace keysyncd::ldap {

/// A search that was sent and whose answer has not been taken yet.
struct SentSearch {
    int id = 0;
    std::chrono::milliseconds limit{0};  ///< for its answer, from when it is waited for
};

class Connection {
  public:
    /// Connects, verifies the server's certificate and name, binds. The deadline of each step is in `limits`.
    [[nodiscard]] static std::expected<std::unique_ptr<Connection>, PollError> open(
        const ServerEndpoint& server, const config::TlsSettings& tls, const config::BindSettings& bind,
        DeadlineSupervisor& supervisor, const std::stop_token& stop, const ConnectionLimits& limits = {});

    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// A result that the server itself gave is a value, whatever its code; a PollError means that none came.
    [[nodiscard]] std::expected<SearchResult, PollError> search(const SearchRequest& request, const EntryVisitor& visit,
                                                                const std::stop_token& stop);

    /// The two halves of a search, for one whose answer may gather while something else is done.
    [[nodiscard]] std::expected<SentSearch, PollError> send(const SearchRequest& request, const std::stop_token& stop);
    [[nodiscard]] std::expected<SearchResult, PollError> receive(const SentSearch& sent, const EntryVisitor& visit,
                                                                 const std::stop_token& stop);
    /// A sent search whose answer is not wanted any more.
    void abandon(const SentSearch& sent) noexcept;

    /// The one entry of a base search; std::nullopt when there is no such object or it may not be seen.
    [[nodiscard]] std::expected<std::optional<Entry>, PollError> read(SearchRequest request,
                                                                      const std::stop_token& stop);

    [[nodiscard]] const ServerEndpoint& server() const noexcept { return server_; }
    [[nodiscard]] const ConnectionLimits& limits() const noexcept { return limits_; }
    /// When the server's certificate runs out; std::nullopt without TLS.
    [[nodiscard]] std::optional<std::chrono::sys_seconds> certificate_expiry() const noexcept {
        return certificate_expiry_;
    }

    /// When the account's ticket runs out and the server ends the connection; std::nullopt: never.
    [[nodiscard]] std::optional<std::chrono::sys_seconds> credential_expiry() const noexcept {
        return credential_expiry_;
    }

    /// It is time to bind anew, before the server ends the connection in the middle of an answer.
    [[nodiscard]] bool expires_soon() const noexcept;

    /// The PollError for a search that ended with a code other than success.
    [[nodiscard]] PollError refused(const SearchResult& result, std::string_view what) const;

  private:
    struct Unbind {
        void operator()(struct ldap* handle) const noexcept;
    };

    Connection(ServerEndpoint server, DeadlineSupervisor& supervisor, const ConnectionLimits& limits) noexcept
        : server_(std::move(server)), supervisor_(supervisor), limits_(limits) {}

    [[nodiscard]] std::expected<void, PollError> attach(int descriptor);
    [[nodiscard]] std::expected<void, PollError> start_tls_session(const config::TlsSettings& tls,
                                                                   const std::stop_token& stop);
    [[nodiscard]] PollError lost(std::string_view doing) const;

    ServerEndpoint server_;
    DeadlineSupervisor& supervisor_;
    ConnectionLimits limits_;
    std::shared_ptr<Lifeline> lifeline_;
    std::unique_ptr<struct ldap, Unbind> handle_;
    std::optional<std::chrono::sys_seconds> certificate_expiry_;
    std::optional<std::chrono::sys_seconds> credential_expiry_;
};

}  // namespace keysyncd::ldap
