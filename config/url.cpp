#include "config/url.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace keysyncd::config {

namespace {

bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_ipv6(const std::string& text) {
    in6_addr address{};
    return ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

/// RFC 3986 userinfo without the colon, which ends the user.
bool is_user(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return is_alnum(c) || std::string_view("-._~%!$&'()*+,;=").find(c) != std::string_view::npos;
    });
}

}  // namespace

std::string to_lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

bool is_dns_name(std::string_view text) {
    if (text.empty() || text.size() > 253) {
        return false;
    }
    std::size_t label = 0;
    char last = '.';
    for (const char c : text) {
        if (c == '.') {
            if (label == 0 || last == '-') {
                return false;
            }
            label = 0;
        } else {
            const bool allowed = is_alnum(c) || c == '_' || (c == '-' && label > 0);
            ++label;
            if (!allowed || label > 63) {
                return false;
            }
        }
        last = c;
    }
    return label > 0 && last != '-';
}

bool is_guid(std::string_view text) {
    if (text.size() != 36) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !is_hex(text[i])) {
            return false;
        }
    }
    return true;
}

std::string ServerUrl::to_string() const {
    const bool ipv6 = host.find(':') != std::string::npos;
    std::string out =
        fmt::format("{}://{}{}{}{}{}", scheme, user, user.empty() ? "" : "@", ipv6 ? "[" : "", host, ipv6 ? "]" : "");
    if (port != 0) {
        out += fmt::format(":{}", port);
    }
    return out;
}

std::expected<ServerUrl, std::string> parse_server_url(std::string_view text) {
    ServerUrl url;
    const std::size_t scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) {
        return std::unexpected("it has no scheme://");
    }
    url.scheme = to_lower(text.substr(0, scheme_end));
    std::string_view rest = text.substr(scheme_end + 3);
    if (const std::size_t authority_end = rest.find_first_of("/?#"); authority_end != std::string_view::npos) {
        if (rest.substr(authority_end) != "/") {
            return std::unexpected("nothing may follow the host and port");
        }
        rest.remove_suffix(1);
    }
    if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
        const std::string_view userinfo = rest.substr(0, at);
        const std::size_t colon = userinfo.find(':');
        url.has_password = colon != std::string_view::npos;
        url.user = userinfo.substr(0, colon);
        if (!is_user(url.user)) {
            return std::unexpected("the user before @ is not well-formed (write special characters as %XX)");
        }
        rest.remove_prefix(at + 1);
    }
    std::string_view port;
    if (rest.starts_with('[')) {
        const std::size_t close = rest.find(']');
        url.host = to_lower(rest.substr(1, close == std::string_view::npos ? close : close - 1));
        if (close == std::string_view::npos || !is_ipv6(url.host)) {
            return std::unexpected("the brackets do not hold an IPv6 address");
        }
        port = rest.substr(close + 1);
    } else {
        const std::size_t colon = rest.find(':');
        url.host = to_lower(rest.substr(0, colon));
        if (url.host.empty()) {
            return std::unexpected("it has no host");
        }
        if (!is_dns_name(url.host)) {
            return std::unexpected("the host is neither a DNS name nor an address (IPv6 goes in brackets)");
        }
        port = colon == std::string_view::npos ? std::string_view() : rest.substr(colon);
    }
    if (!port.empty()) {
        const std::string_view digits = port.substr(1);
        const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
        if (port.front() != ':' || fault != std::errc{} || end != digits.data() + digits.size() || url.port == 0) {
            return std::unexpected("the port is not a number from 1 to 65535");
        }
    }
    return url;
}

}  // namespace keysyncd::config
