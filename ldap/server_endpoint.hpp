// A domain controller's address as the operator writes it: ldap://host[:port] or ldaps://host[:port]. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace keysyncd::ldap {

struct ServerEndpoint {
    bool ldaps = false;  ///< TLS from the first byte
    std::string host;    ///< name or address; IPv6 without its brackets
    std::uint16_t port = 389;

    auto operator<=>(const ServerEndpoint&) const = default;
    /// The URL that libldap is given: its host is the name that the certificate must carry.
    [[nodiscard]] std::string url() const;
};

/// The error says what was expected.
[[nodiscard]] std::expected<ServerEndpoint, std::string> parse_server_endpoint(std::string_view url);

}  // namespace keysyncd::ldap
