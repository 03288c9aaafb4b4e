// Compression of answers: whether the client wants gzip (RFC 9110, section 12.5.3), and gzip itself (RFC 1952).
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace keysyncd::daemon {

[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding) noexcept;

[[nodiscard]] std::string gzip(std::string_view text);

}  // namespace keysyncd::daemon
