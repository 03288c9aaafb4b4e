// What happens in the process, counted where it happens: polls, Graph requests, clocks, certificates, reloads. It
// starts from nothing at each start of the process, unlike the ledger's figures (metrics/exposition.hpp). Thread-safe:
// any worker may call any function at any time, also while a scrape renders. Reasons, endpoints and codes are closed
// sets: what was not declared is counted under "other", so that no peer can make series without end.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
struct MetricFamily;
}

namespace keysyncd::metrics {

enum class Source : std::uint8_t { ldap, graph, audit_file };

struct BuildInfo {
    std::string version;
    std::string revision;
    std::string compiler;
};

/// The servers of one domain that are polled, as they will be named in poll_succeeded and poll_failed. With DNS
/// discovery they may be unknown at first: each is added when it is first named.
struct DirectorySource {
    std::string domain;
    std::vector<std::string> servers;
    std::vector<std::string> observed{};  ///< watched for the arrival of keys only, as named in observed_server
};

/// Every label value known beforehand: its series exist from the start at 0.
struct DeclaredSources {
    std::vector<DirectorySource> directories{};
    bool graph = false;
    bool audit_files = false;
    std::vector<std::string> directory_failures{};  ///< reasons of Source::ldap
    std::vector<std::string> graph_failures{};      ///< reasons of Source::graph
    std::vector<std::string> file_failures{};       ///< reasons of Source::audit_file
    std::vector<std::string> graph_endpoints{};     ///< of keysync_graph_requests_total
    std::vector<std::string> graph_codes{};
    std::vector<std::string> clock_peers{};            ///< whose clocks are compared with ours
    std::vector<std::string> certificate_endpoints{};  ///< whose certificates are watched
};

using Seconds = std::chrono::duration<double>;
/// Any std::chrono::sys_time converts to it without loss that matters and without overflow.
using UnixTime = std::chrono::sys_time<Seconds>;

class Instruments {
  public:
    Instruments(const DeclaredSources& sources, const BuildInfo& build);
    ~Instruments();
    Instruments(const Instruments&) = delete;
    Instruments& operator=(const Instruments&) = delete;

    /// After a reload of the configuration: new sources appear at 0, those no longer declared vanish, the others go on.
    void declare(const DeclaredSources& sources);

    /// Source::graph and Source::audit_file have no domain: pass "". The other servers of the domain go to 0, and their
    /// clocks and certificates are forgotten: whoever is not polled is not looked at.
    void poll_succeeded(Source source, std::string_view domain, std::string_view server, Seconds duration,
                        UnixTime now);
    /// `server` may be "" where none could be chosen: all servers of the domain go to 0.
    void poll_failed(Source source, std::string_view domain, std::string_view server, std::string_view reason,
                     Seconds duration);
    /// A server that is only watched for the arrival of keys. Apart from keysync_source_up: that it answers says
    /// nothing of the domain's polls.
    void observed_server(std::string_view domain, std::string_view server, bool up);

    void graph_request(std::string_view endpoint, std::string_view code);
    void graph_throttled(Seconds waited);
    /// The peer's clock minus ours.
    void clock_offset(std::string_view peer, Seconds offset);
    void certificate_expiry(std::string_view endpoint, UnixTime not_after);
    /// Once at start (the configuration that is in force), then after each attempt to reload.
    void config_reloaded(bool successful, UnixTime now);

    [[nodiscard]] std::vector<prometheus::MetricFamily> collect() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace keysyncd::metrics
