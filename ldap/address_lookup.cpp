#include "ldap/address_lookup.hpp"

#include <ares.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <cstring>
#include <memory>

#include "ldap/dns_channel.hpp"

namespace keysyncd::ldap {
namespace {

using boost::asio::ip::tcp;

struct FreeAddresses {
    void operator()(ares_addrinfo* addresses) const noexcept { ares_freeaddrinfo(addresses); }
};

struct Answer {
    bool come = false;
    int status = ARES_ENODATA;
    std::unique_ptr<ares_addrinfo, FreeAddresses> addresses;
};

void take_answer(void* argument, int status, int /*timeouts*/, ares_addrinfo* addresses) {
    auto& answer = *static_cast<Answer*>(argument);
    answer.come = true;
    answer.status = status;
    answer.addresses.reset(addresses);
}

std::vector<tcp::endpoint> endpoints_of(const Answer& answer, unsigned short port) {
    std::vector<tcp::endpoint> endpoints;
    for (const auto* node = answer.addresses->nodes; node != nullptr; node = node->ai_next) {
        tcp::endpoint endpoint;
        if (node->ai_addrlen <= endpoint.capacity()) {
            std::memcpy(endpoint.data(), node->ai_addr, node->ai_addrlen);
            endpoint.resize(node->ai_addrlen);
            endpoint.port(port);
            endpoints.push_back(endpoint);
        }
    }
    return endpoints;
}

}  // namespace

std::expected<std::vector<tcp::endpoint>, PollError> look_up_addresses(const ServerEndpoint& server,
                                                                       std::chrono::milliseconds limit,
                                                                       const std::stop_token& stop) {
    boost::system::error_code no_literal;
    if (const auto address = boost::asio::ip::make_address(server.host, no_literal); !no_literal) {
        return std::vector{tcp::endpoint(address, server.port)};
    }
    const auto fail = [&](PollFailure failure, std::string detail) {
        return std::unexpected(PollError{failure, server.url(), std::move(detail)});
    };
    Answer answer;  // outlives the channel, whose end answers what is still open
    DnsChannel channel(limit);
    if (channel.get() == nullptr) {
        return fail(PollFailure::resolve, "the DNS resolver does not start; is /etc/resolv.conf sound?");
    }
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel.get(), server.host.c_str(), nullptr, &hints, &take_answer, &answer);
    const auto come = channel.wait([&] { return answer.come; }, stop);
    if (!come && come.error() == DnsFailure::stopped) {
        return fail(PollFailure::stopped, "asked to stop");
    }
    if (!come || answer.status == ARES_ETIMEOUT) {
        return fail(PollFailure::resolve,
                    fmt::format("the DNS did not tell the address of {} in time; check the name servers in "
                                "/etc/resolv.conf",
                                server.host));
    }
    auto endpoints = answer.status == ARES_SUCCESS ? endpoints_of(answer, server.port) : std::vector<tcp::endpoint>{};
    if (endpoints.empty()) {
        return fail(PollFailure::resolve, fmt::format("the name {} does not resolve: {}; check the name and this "
                                                      "machine's DNS",
                                                      server.host, ares_strerror(answer.status)));
    }
    return endpoints;
}

}  // namespace keysyncd::ldap
