#include "daemon/http/http_address.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace keysyncd::daemon {
namespace {

constexpr std::string_view expected_form = "expected ADDRESS:PORT, for example 127.0.0.1:10061, [::1]:10061 or :10061";

std::unexpected<std::string> refused(std::string_view text, std::string_view why) {
    return std::unexpected(fmt::format("listen address '{}': {}; {}", text, why, expected_form));
}

}  // namespace

std::expected<HttpAddress, std::string> parse_http_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return refused(text, "no port");
    }
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    if (host.starts_with('[')) {
        boost::system::error_code error;
        const std::string_view inner = host.ends_with(']') ? host.substr(1, host.size() - 2) : std::string_view{};
        boost::asio::ip::make_address_v6(inner, error);
        if (error) {
            return refused(text, "what is in brackets is not an IPv6 address");
        }
        host = inner;
    } else if (host.find(':') != std::string_view::npos) {
        return refused(text, "an IPv6 address must be in brackets");
    } else if (host.find_first_of(" /@]") != std::string_view::npos) {
        return refused(text, "not an address or a host name");
    }
    HttpAddress address{std::string(host), 0};
    const auto parsed = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (port.empty() || parsed.ec != std::errc{} || parsed.ptr != port.data() + port.size()) {
        return refused(text, "the port is not a number from 0 to 65535");
    }
    return address;
}

std::string to_string(const HttpAddress& address) {
    const bool v6 = address.host.find(':') != std::string::npos;
    return v6 ? fmt::format("[{}]:{}", address.host, address.port) : fmt::format("{}:{}", address.host, address.port);
}

bool is_loopback(const HttpAddress& address) {
    boost::system::error_code error;
    const auto ip = boost::asio::ip::make_address(address.host, error);
    return error ? address.host == "localhost" : ip.is_loopback();
}

}  // namespace keysyncd::daemon
