// Answers of the API that agree with the canned snapshot: the same waiting keys, some of them with hostile names, and
// enough keys in the directory to page through.
#pragma once

#include "daemon/api/api_source.hpp"
#include "daemon/process/clock.hpp"

namespace keysyncd::tests {

[[nodiscard]] daemon::ApiSource canned_api(ldap::Instant now, bool hashed);

}  // namespace keysyncd::tests
