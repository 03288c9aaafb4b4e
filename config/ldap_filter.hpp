// Is a string an LDAP filter (RFC 4515)? Checked before it is ANDed into a search, where a stray parenthesis would
// change what the whole search means. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace keysyncd::config {

/// What is wrong, with the character's number from 1; empty: nothing.
[[nodiscard]] std::string ldap_filter_objection(std::string_view filter);

}  // namespace keysyncd::config
