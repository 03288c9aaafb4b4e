#include "ldap/server_rotation.hpp"

#include <algorithm>

namespace keysyncd::ldap {

ServerRotation::ServerRotation(std::vector<std::string> servers)
    : servers_(std::move(servers)), tried_(servers_.size(), false) {}

void ServerRotation::succeeded() {
    began_anew_ = false;
    tried_.assign(tried_.size(), false);
}

void ServerRotation::replace(std::vector<std::string> servers) {
    std::vector<bool> tried;
    for (const std::string& server : servers) {
        const auto known = std::ranges::find(servers_, server);
        tried.push_back(known != servers_.end() && tried_[static_cast<std::size_t>(known - servers_.begin())]);
    }
    auto next = began_anew_ ? servers.end() : std::ranges::find(servers, current());
    if (next == servers.end()) {
        const auto untried = std::ranges::find(tried, false);
        next = servers.begin() + (untried == tried.end() ? 0 : untried - tried.begin());
    }
    current_ = static_cast<std::size_t>(next - servers.begin());
    servers_ = std::move(servers);
    tried_ = std::move(tried);
    began_anew_ = false;
}

void ServerRotation::failed() {
    tried_[current_] = true;
    auto next = std::find(tried_.begin(), tried_.end(), false);
    began_anew_ = next == tried_.end();
    if (began_anew_) {
        tried_.assign(tried_.size(), false);
        next = tried_.begin();
    }
    current_ = static_cast<std::size_t>(next - tried_.begin());
}

}  // namespace keysyncd::ldap
