#include "daemon/rules/finding_policy.hpp"

#include <algorithm>

namespace keysyncd::daemon {

ldap::FindingPolicy finding_policy(const config::FindingSettings& settings) {
    ldap::FindingPolicy policy;
    policy.keys_registered_on_premises = settings.keys_registered_on_premises;
    for (std::uint8_t number = 0; number < ldap::key_finding_count; ++number) {
        const auto finding = static_cast<ldap::KeyFinding>(number);
        if (std::ranges::find(settings.ignore, ldap::to_string(finding)) != settings.ignore.end()) {
            policy.enabled &= ~ldap::bit(finding);
        }
    }
    return policy;
}

}  // namespace keysyncd::daemon
