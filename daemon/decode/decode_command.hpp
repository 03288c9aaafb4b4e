// keysyncd decode: msDS-KeyCredentialLink values from the argument or from a stream, told in text or JSON.
// Pure over streams; one thread. A value that does not decode costs one line on `err`, never the values around it.
#pragma once

#include <cstdint>
#include <istream>
#include <ostream>
#include <string_view>

#include "ldap/time.hpp"

namespace keysyncd::daemon {

enum class DecodeFormat : std::uint8_t { text, json };

/// `value`: the value itself (or LDIF), or "-" for one a line (or LDIF) on `in`. Returns the exit code: 0, or 1 where a
/// value did not decode, none was found, or `out` could not be written.
[[nodiscard]] int run_decode(std::string_view value, DecodeFormat format, std::istream& in, std::ostream& out,
                             std::ostream& err, ldap::Instant now);

}  // namespace keysyncd::daemon
