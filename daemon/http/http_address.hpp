// The value of --web.listen-address: ADDR:PORT, with [IPv6] in brackets, a host name, or nothing before the colon for
// every address of the machine. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace keysyncd::daemon {

struct HttpAddress {
    std::string host;        ///< without brackets; empty: every address
    std::uint16_t port = 0;  ///< 0: any free one

    friend bool operator==(const HttpAddress&, const HttpAddress&) = default;
};

/// The error tells what is wrong and what was expected.
[[nodiscard]] std::expected<HttpAddress, std::string> parse_http_address(std::string_view text);

/// As a client writes it: 127.0.0.1:10061, [::1]:10061.
[[nodiscard]] std::string to_string(const HttpAddress& address);

/// Whether nothing but this machine can reach it: 127.0.0.0/8, ::1 or localhost.
[[nodiscard]] bool is_loopback(const HttpAddress& address);

}  // namespace keysyncd::daemon
