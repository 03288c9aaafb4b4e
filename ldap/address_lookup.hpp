// The addresses of a server's name, IPv4 and IPv6 in the order to try them (RFC 6724), from hosts and the DNS, by
// ldap/dns_channel.hpp. Blocking, on a worker thread, within a deadline.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <expected>
#include <stop_token>
#include <vector>

#include "ldap/poll_error.hpp"
#include "ldap/server_endpoint.hpp"

namespace keysyncd::ldap {

[[nodiscard]] std::expected<std::vector<boost::asio::ip::tcp::endpoint>, PollError> look_up_addresses(
    const ServerEndpoint& server, std::chrono::milliseconds limit, const std::stop_token& stop);

}  // namespace keysyncd::ldap
