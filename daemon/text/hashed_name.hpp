// How a user is named where privacy.user_names is "hashed": in the log, the API and the pages. Pure.
#pragma once

#include <string>
#include <string_view>

namespace keysyncd::daemon {

/// "sha256:" and 16 hex digits of the digest of the name in lower case.
[[nodiscard]] std::string hashed_name(std::string_view name);

}  // namespace keysyncd::daemon
