#include "daemon/rules/postponements.hpp"

#include <algorithm>

namespace keysyncd::daemon {
namespace {

constexpr ldap::Ticks shortest = std::chrono::minutes{5};
constexpr ldap::Ticks longest = std::chrono::days{1};

}  // namespace

bool Postponements::is_due(const std::string& name, ldap::Instant now) const {
    const auto found = postponed_.find(name);
    // Also when the clock was set back: nobody waits for it to catch up.
    return found == postponed_.end() || std::chrono::abs(now - found->second.since) >= found->second.pause;
}

bool Postponements::postpone(const std::string& name, ldap::Instant now) {
    Postponed& postponed = postponed_[name];
    const bool first = postponed.pause == ldap::Ticks::zero();
    postponed = {now, std::clamp(2 * postponed.pause, shortest, longest)};
    return first;
}

void Postponements::keep_only(std::span<const std::string> names) {
    std::erase_if(postponed_,
                  [names](const auto& postponed) { return !std::ranges::binary_search(names, postponed.first); });
}

}  // namespace keysyncd::daemon
