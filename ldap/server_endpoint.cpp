#include "ldap/server_endpoint.hpp"

#include <fmt/format.h>

#include <charconv>

namespace keysyncd::ldap {
namespace {

std::unexpected<std::string> refuse(std::string_view url, std::string_view what) {
    return std::unexpected(
        fmt::format("\"{}\" is not a directory server: {}; expected ldaps://host or ldap://host, "
                    "with an optional :port",
                    url, what));
}

}  // namespace

std::string ServerEndpoint::url() const {
    const bool brackets = host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}", ldaps ? "ldaps" : "ldap", brackets ? "[" : "", host, brackets ? "]" : "",
                       port);
}

std::expected<ServerEndpoint, std::string> parse_server_endpoint(std::string_view url) {
    ServerEndpoint endpoint;
    std::string_view rest = url;
    if (rest.starts_with("ldaps://")) {
        endpoint.ldaps = true;
        endpoint.port = 636;
        rest.remove_prefix(8);
    } else if (rest.starts_with("ldap://")) {
        rest.remove_prefix(7);
    } else {
        return refuse(url, "the scheme is neither ldap nor ldaps");
    }
    if (rest.ends_with('/')) {
        rest.remove_suffix(1);
    }
    if (rest.starts_with('[')) {
        const auto close = rest.find(']');
        if (close == std::string_view::npos) {
            return refuse(url, "the bracket of the IPv6 address is not closed");
        }
        endpoint.host = rest.substr(1, close - 1);
        rest.remove_prefix(close + 1);
    } else {
        const auto colon = rest.find(':');
        endpoint.host = rest.substr(0, colon);
        rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon);
    }
    if (endpoint.host.empty()) {
        return refuse(url, "the host is missing");
    }
    if (endpoint.host.find_first_of("/?# @%\\") != std::string::npos) {
        return refuse(url, "the host has a character that no host name has");
    }
    if (!rest.empty()) {
        if (rest.front() != ':') {
            return refuse(url, "something follows the host");
        }
        rest.remove_prefix(1);
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), endpoint.port);
        if (error != std::errc{} || end != rest.data() + rest.size() || endpoint.port == 0) {
            return refuse(url, "the port is not a number from 1 to 65535");
        }
    }
    return endpoint;
}

}  // namespace keysyncd::ldap
