#include "ldap/srv_lookup.hpp"

#include <ares.h>
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <random>

namespace keysyncd::ldap {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds look_around{200};  // how often a stop is noticed
constexpr int tries = 2;

struct DestroyChannel {
    void operator()(ares_channel channel) const noexcept { ares_destroy(channel); }
};
using Channel = std::unique_ptr<std::remove_pointer_t<ares_channel>, DestroyChannel>;

struct Answer {
    bool come = false;
    int status = ARES_ENODATA;
    std::vector<SrvRecord> records;
};

void take_answer(void* argument, int status, int /*timeouts*/, unsigned char* bytes, int length) {
    auto& answer = *static_cast<Answer*>(argument);
    answer.come = true;
    answer.status = status;
    if (status != ARES_SUCCESS) {
        return;
    }
    ares_srv_reply* first = nullptr;
    answer.status = ares_parse_srv_reply(bytes, length, &first);
    for (const auto* reply = first; reply != nullptr; reply = reply->next) {
        answer.records.push_back(
            {.target = reply->host, .port = reply->port, .priority = reply->priority, .weight = reply->weight});
    }
    if (first != nullptr) {
        ares_free_data(first);
    }
}

Channel make_channel(milliseconds limit) {
    static std::once_flag once;
    std::call_once(once, [] { ares_library_init(ARES_LIB_INIT_ALL); });
    ares_options options{};
    options.timeout = static_cast<int>(std::max<std::int64_t>(limit.count() / (2 * tries), 250));
    options.tries = tries;
    ares_channel raw = nullptr;
    ares_init_options(&raw, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    return Channel(raw);
}

// Lets c-ares work on its sockets for a moment.
void drive(ares_channel channel, milliseconds at_most) {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const int wanted = ares_getsock(channel, sockets.data(), static_cast<int>(sockets.size()));
    std::array<pollfd, ARES_GETSOCK_MAXNUM> descriptors{};
    nfds_t count = 0;
    for (std::size_t i = 0; i < sockets.size(); ++i) {
        const bool readable = ARES_GETSOCK_READABLE(static_cast<unsigned>(wanted), i);
        const bool writable = ARES_GETSOCK_WRITABLE(static_cast<unsigned>(wanted), i);
        if (readable || writable) {
            descriptors[count++] = {.fd = sockets[i],
                                    .events = static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0)),
                                    .revents = 0};
        }
    }
    ::poll(descriptors.data(), count, static_cast<int>(at_most.count()));
    bool any = false;
    for (nfds_t i = 0; i < count; ++i) {
        if (descriptors[i].revents != 0) {
            any = true;
            ares_process_fd(channel, (descriptors[i].revents & POLLOUT) != 0 ? ARES_SOCKET_BAD : descriptors[i].fd,
                            (descriptors[i].revents & POLLOUT) != 0 ? descriptors[i].fd : ARES_SOCKET_BAD);
        }
    }
    if (!any) {
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // its own timeouts
    }
}

}  // namespace

std::expected<std::vector<SrvRecord>, std::string> look_up_srv(const std::string& name, milliseconds limit,
                                                               const std::stop_token& stop) {
    constexpr int internet = 1;
    constexpr int srv = 33;
    Answer answer;  // outlives the channel, whose end answers what is still open
    const Channel channel = make_channel(limit);
    if (channel == nullptr) {
        return std::unexpected("the DNS resolver does not start; is /etc/resolv.conf sound?");
    }
    ares_query(channel.get(), name.c_str(), internet, srv, &take_answer, &answer);
    const auto deadline = SteadyClock::now() + limit;
    while (!answer.come && !stop.stop_requested() && SteadyClock::now() < deadline) {
        drive(channel.get(), look_around);
    }
    if (!answer.come) {
        return std::unexpected(stop.stop_requested() ? "asked to stop"
                                                     : fmt::format("the DNS did not answer for {} in time", name));
    }
    if (answer.status != ARES_SUCCESS && answer.status != ARES_ENODATA && answer.status != ARES_ENOTFOUND) {
        return std::unexpected(fmt::format("the DNS cannot be asked for {}: {}", name, ares_strerror(answer.status)));
    }
    return std::move(answer.records);
}

std::expected<std::vector<std::string>, std::string> discover_servers(const config::DomainSettings& settings,
                                                                      milliseconds limit, const std::stop_token& stop) {
    std::mt19937 random{std::random_device{}()};
    const Draw draw = [&](std::uint32_t most) { return std::uniform_int_distribution<std::uint32_t>(0, most)(random); };
    std::vector<std::string> servers = settings.servers;
    for (const auto& name : srv_names(settings.name, settings.site)) {
        auto records = look_up_srv(name, limit, stop);
        if (!records) {
            return std::unexpected(std::move(records.error()));
        }
        for (const auto& record : in_order(std::move(*records), draw)) {
            auto url = server_url(record, settings.tls);
            if (std::ranges::find(servers, url) == servers.end()) {
                servers.push_back(std::move(url));
            }
        }
    }
    if (servers.empty()) {
        return std::unexpected(
            fmt::format("the DNS names no domain controller of {} ({}); check the domain's name and "
                        "this machine's DNS, or list servers",
                        settings.name, srv_names(settings.name, settings.site).back()));
    }
    return servers;
}

}  // namespace keysyncd::ldap
