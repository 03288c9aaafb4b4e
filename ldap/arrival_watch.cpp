#include "ldap/arrival_watch.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "ldap/account_lookup.hpp"
#include "ldap/connection.hpp"
#include "ldap/root_dse.hpp"
#include "ldap/user_search.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::size_t users_per_search = 50;

std::string filter_for(std::span<const Guid> users) {
    std::string filter = "(&(objectClass=user)(|";
    for (const auto& user : users) {
        filter += "(objectGUID=" + escape_bytes(user.bytes) + ")";
    }
    return filter + "))";
}

}  // namespace

/// A bound connection and where its users are.
class ArrivalWatch::Link {
  public:
    Link(std::unique_ptr<Connection> bound, std::string base)
        : connection(std::move(bound)), base_dn(std::move(base)) {}
    std::unique_ptr<Connection> connection;
    std::string base_dn;
};

ArrivalWatch::ArrivalWatch(config::DomainSettings settings, std::string server, DeadlineSupervisor& supervisor,
                           const ConnectionLimits& limits)
    : settings_(std::move(settings)), server_(std::move(server)), supervisor_(supervisor), limits_(limits) {}

ArrivalWatch::~ArrivalWatch() = default;

std::expected<std::vector<KeyArrival>, PollError> ArrivalWatch::look(std::span<const AwaitedKey> awaited,
                                                                     const std::stop_token& stop) {
    if (awaited.empty()) {
        link_.reset();  // half an hour may pass until the next cycle, and the server cuts what is idle for so long
        return std::vector<KeyArrival>{};
    }
    const bool kept = link_ != nullptr;
    if (const auto connected = connect(stop); !connected) {
        return std::unexpected(connected.error());
    }
    auto arrivals = ask(awaited, stop);
    if (!arrivals && kept && was_cut(arrivals.error())) {
        link_.reset();
        if (const auto connected = connect(stop); !connected) {
            return std::unexpected(connected.error());
        }
        arrivals = ask(awaited, stop);
    }
    if (!arrivals) {
        link_.reset();
        arrivals.error().server = server_;
    }
    return arrivals;
}

std::expected<void, PollError> ArrivalWatch::connect(const std::stop_token& stop) {
    if (link_ != nullptr && link_->connection->expires_soon()) {
        link_.reset();
    }
    if (link_ != nullptr) {
        return {};
    }
    const auto endpoint = parse_server_endpoint(server_);
    if (!endpoint) {
        return std::unexpected(PollError{PollFailure::configuration, server_, endpoint.error()});
    }
    auto connection = Connection::open(*endpoint, settings_.tls, settings_.bind, supervisor_, stop, limits_);
    if (!connection) {
        connection.error().server = server_;
        return std::unexpected(std::move(connection.error()));
    }
    std::string base_dn = settings_.base_dn;
    if (base_dn.empty()) {
        const auto root = read_root_dse(**connection, stop);
        if (!root) {
            return std::unexpected(root.error());
        }
        base_dn = root->default_naming_context;
    }
    link_ = std::make_unique<Link>(std::move(*connection), std::move(base_dn));
    return {};
}

std::expected<std::vector<KeyArrival>, PollError> ArrivalWatch::ask(std::span<const AwaitedKey> awaited,
                                                                    const std::stop_token& stop) {
    std::set<Guid> distinct;
    for (const auto& key : awaited) {
        distinct.insert(key.user);
    }
    const std::vector<Guid> users(distinct.begin(), distinct.end());
    std::vector<KeyArrival> arrivals;
    const auto on_batch = [&](std::vector<DirectoryUser>&& batch) -> std::expected<bool, PollError> {
        const auto seen = std::chrono::time_point_cast<Ticks>(std::chrono::system_clock::now());
        for (const auto& user : batch) {
            for (const auto& key : awaited) {
                if (key.user == user.object_guid &&
                    std::ranges::find(user.keys, key.key_id, &DirectoryKey::key_id) != user.keys.end()) {
                    arrivals.push_back({.key = key, .seen = seen, .when_changed = user.when_changed});
                }
            }
        }
        return true;
    };
    for (std::size_t at = 0; at < users.size(); at += users_per_search) {
        const auto some = std::span(users).subspan(at, std::min(users_per_search, users.size() - at));
        const auto read = read_users(*link_->connection, link_->base_dn, filter_for(some), on_batch, stop);
        if (!read) {
            return std::unexpected(read.error());
        }
    }
    return arrivals;
}

}  // namespace keysyncd::ldap
