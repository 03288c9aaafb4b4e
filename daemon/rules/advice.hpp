// What to do about it, in one sentence: the causes of overdue keys and the findings about keys. The runbooks say more.
#pragma once

#include <string_view>

#include "ldap/key_findings.hpp"
#include "metrics/exposition.hpp"

namespace keysyncd::daemon {

[[nodiscard]] std::string_view advice(metrics::Cause cause) noexcept;
/// Whether it stays as it is until somebody acts: no further cycle writes the key.
[[nodiscard]] constexpr bool needs_mending(metrics::Cause cause) noexcept {
    return cause != metrics::Cause::unknown;
}
[[nodiscard]] std::string_view advice(ldap::KeyFinding finding) noexcept;

}  // namespace keysyncd::daemon
