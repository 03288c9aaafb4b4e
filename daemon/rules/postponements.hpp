// Whoever could not be answered is asked about again later and later, so that the others are not kept waiting. Kept in
// memory: after a restart everybody is asked about once. Pure.
#pragma once

#include <map>
#include <span>
#include <string>

#include "ldap/time.hpp"

namespace keysyncd::daemon {

class Postponements {
  public:
    [[nodiscard]] bool is_due(const std::string& name, ldap::Instant now) const;
    /// True the first time, which is worth telling. Five minutes, then twice as long each time, up to a day.
    bool postpone(const std::string& name, ldap::Instant now);
    void answered(const std::string& name) { postponed_.erase(name); }
    /// Forgets those that nobody asks about any more. `names` in order.
    void keep_only(std::span<const std::string> names);

  private:
    struct Postponed {
        ldap::Instant since;
        ldap::Ticks pause{0};
    };
    std::map<std::string, Postponed> postponed_;
};

}  // namespace keysyncd::daemon
