#include "ldap/domain_link.hpp"

#include <utility>
#include <vector>

#include "ldap/root_dse.hpp"
#include "ldap/srv_lookup.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::chrono::minutes rediscovery{15};

}  // namespace

DomainLink::DomainLink(const config::DomainSettings& settings, DeadlineSupervisor& supervisor,
                       const ConnectionLimits& limits)
    : settings_(settings),
      supervisor_(supervisor),
      limits_(limits),
      rotation_(settings.servers.empty() ? std::vector{settings.name} : settings.servers) {}

bool DomainLink::keeps_connection() {
    if (connection_ != nullptr && connection_->expires_soon()) {
        connection_.reset();
    }
    return connection_ != nullptr;
}

// At the start, when every server has failed, and now and then: domain controllers come and go.
std::expected<void, PollError> DomainLink::discover(const std::stop_token& stop) {
    const auto now = std::chrono::steady_clock::now();
    if (!settings_.discover || (discovered_at_ && !rotation_.began_anew() && now - *discovered_at_ < rediscovery)) {
        return {};
    }
    auto servers = discover_servers(settings_, limits_.connect, stop);
    if (!servers && discovered_at_) {
        return {};  // the DNS is down: those known before may still be there
    }
    if (!servers) {
        return std::unexpected(PollError{stop.stop_requested() ? PollFailure::stopped : PollFailure::resolve,
                                         rotation_.current(), std::move(servers.error())});
    }
    rotation_.replace(std::move(*servers));
    discovered_at_ = now;
    return {};
}

std::expected<void, PollError> DomainLink::connect(const std::stop_token& stop) {
    connection_.reset();
    if (const auto discovered = discover(stop); !discovered) {
        return discovered;
    }
    const auto server = parse_server_endpoint(rotation_.current());
    if (!server) {
        return std::unexpected(PollError{PollFailure::configuration, rotation_.current(), server.error()});
    }
    auto connection = Connection::open(*server, settings_.tls, settings_.bind, supervisor_, stop, limits_);
    if (!connection) {
        return std::unexpected(std::move(connection.error()));
    }
    connection_ = std::move(*connection);
    ++connections_;
    const auto root = read_root_dse(*connection_, stop);
    if (!root) {
        return std::unexpected(root.error());
    }
    naming_context_ = root->default_naming_context;
    const auto invocation_id = read_invocation_id(*connection_, *root, stop);
    if (!invocation_id) {
        return std::unexpected(invocation_id.error());
    }
    invocation_id_ = *invocation_id;
    const auto domain_sid = read_domain_sid(*connection_, naming_context_, stop);
    if (!domain_sid) {
        return std::unexpected(domain_sid.error());
    }
    domain_sid_ = *domain_sid;
    return {};
}

PollError DomainLink::drop(PollError error) {
    connection_.reset();
    error.server = rotation_.current();
    if (error.failure != PollFailure::stopped) {
        rotation_.failed();
    }
    return error;
}

}  // namespace keysyncd::ldap
