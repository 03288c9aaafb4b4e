#include "ldap/server_rotation.hpp"

#include <algorithm>

namespace keysyncd::ldap {

ServerRotation::ServerRotation(std::vector<std::string> servers)
    : servers_(std::move(servers)), tried_(servers_.size(), false) {}

void ServerRotation::succeeded() {
    tried_.assign(tried_.size(), false);
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
