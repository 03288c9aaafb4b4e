#include "ldap/dns_channel.hpp"

#include <ares.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <mutex>

namespace keysyncd::ldap {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds look_around{100};  // how often a stop is noticed
constexpr int tries = 2;

}  // namespace

void DnsChannel::Destroy::operator()(ares_channeldata* channel) const noexcept {
    ares_destroy(channel);
}

DnsChannel::DnsChannel(milliseconds limit) : deadline_(SteadyClock::now() + limit) {
    static std::once_flag once;
    std::call_once(once, [] { ares_library_init(ARES_LIB_INIT_ALL); });
    ares_options options{};
    options.timeout = static_cast<int>(std::max<std::int64_t>(limit.count() / (2 * tries), 250));
    options.tries = tries;
    ares_channel raw = nullptr;
    ares_init_options(&raw, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    channel_.reset(raw);
}

std::expected<void, DnsFailure> DnsChannel::wait(const std::function<bool()>& come, const std::stop_token& stop) {
    while (!come()) {
        const auto now = SteadyClock::now();
        if (stop.stop_requested()) {
            return std::unexpected(DnsFailure::stopped);
        }
        if (now >= deadline_) {
            return std::unexpected(DnsFailure::no_answer);
        }
        work(std::min(look_around, std::chrono::ceil<milliseconds>(deadline_ - now)));
    }
    return {};
}

void DnsChannel::work(milliseconds at_most) {
    ares_channel channel = channel_.get();
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

}  // namespace keysyncd::ldap
