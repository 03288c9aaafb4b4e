// The URLs that a configuration holds: directory servers, HTTPS origins and a proxy. Only what these need of RFC 3986:
// scheme, host, port, and a user for the proxy; a path beyond "/", a query and a fragment are refused. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace keysyncd::config {

struct ServerUrl {
    std::string scheme;  ///< lower case
    std::string user;    ///< as written, %-escapes kept; empty: none
    bool has_password = false;
    std::string host;        ///< lower case; an IPv6 address without its brackets
    std::uint16_t port = 0;  ///< 0: not given

    /// scheme://[user@]host[:port]
    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] std::uint16_t port_or(std::uint16_t standard) const { return port != 0 ? port : standard; }
};

/// The error says what is wrong, not where; it never holds a password.
[[nodiscard]] std::expected<ServerUrl, std::string> parse_server_url(std::string_view text);

/// A DNS name as hosts and domains have: letters, digits, '-' and '_' in labels of 1 to 63, 253 in all.
[[nodiscard]] bool is_dns_name(std::string_view text);

/// 8-4-4-4-12 hexadecimal digits.
[[nodiscard]] bool is_guid(std::string_view text);

[[nodiscard]] std::string to_lower(std::string_view text);

}  // namespace keysyncd::config
