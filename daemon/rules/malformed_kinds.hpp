// The kinds of keysync_malformed_values_total beside those of values that do not decode (ldap/key_value.hpp): keys that
// decode, and whose delay can't be measured.
#pragma once

#include <string_view>

namespace keysyncd::daemon {

inline constexpr std::string_view creation_time_missing = "creation_time_missing";
inline constexpr std::string_view created_after_written = "created_after_written";

}  // namespace keysyncd::daemon
