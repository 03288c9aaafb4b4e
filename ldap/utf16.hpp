// UTF-16LE as Windows structures hold it, into UTF-8. Pure; what is no UTF-16 becomes U+FFFD.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace keysyncd::ldap {

/// Up to the first NUL or the end; an odd byte at the end is left out.
[[nodiscard]] std::string from_utf16le(std::span<const std::byte> bytes);

}  // namespace keysyncd::ldap
