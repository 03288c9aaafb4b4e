#include "daemon/process/systemd_notify.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

namespace keysyncd::daemon {

namespace {

std::string take_variable(const char* name) {
    const char* value = std::getenv(name);
    std::string text = value == nullptr ? "" : value;
    ::unsetenv(name);
    return text;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
    return fault == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// A connected datagram socket; -1 where nobody listens.
int connect_to(std::string_view socket_name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_name.size() < 2 || socket_name.size() >= sizeof address.sun_path ||
        (socket_name.front() != '/' && socket_name.front() != '@')) {
        return -1;
    }
    std::memcpy(address.sun_path, socket_name.data(), socket_name.size());
    if (socket_name.front() == '@') {
        address.sun_path[0] = '\0';
    }
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_name.size());
    if (fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
        ::close(fd);
        return -1;
    }
    return fd;
}

}  // namespace

SystemdNotify SystemdNotify::from_environment() {
    const std::string socket = take_variable("NOTIFY_SOCKET");
    const auto period = parse_number(take_variable("WATCHDOG_USEC"));
    const std::string owner = take_variable("WATCHDOG_PID");
    const bool ours = owner.empty() || parse_number(owner) == static_cast<std::uint64_t>(::getpid());
    std::optional<std::chrono::microseconds> watchdog;
    if (period && *period > 0 && ours) {
        watchdog = std::chrono::microseconds(*period);
    }
    return {socket, watchdog};
}

SystemdNotify::SystemdNotify(std::string_view socket, std::optional<std::chrono::microseconds> watchdog)
    : fd_(connect_to(socket)), watchdog_(watchdog) {}

SystemdNotify::SystemdNotify(SystemdNotify&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), watchdog_(other.watchdog_) {}

SystemdNotify::~SystemdNotify() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

void SystemdNotify::send(std::string_view message) const {
    if (fd_ >= 0) {
        // A lost message is not worth a thought: the next one, or the watchdog, tells the service manager as much.
        (void)::send(fd_, message.data(), message.size(), MSG_NOSIGNAL);
    }
}

void SystemdNotify::ready() const {
    send("READY=1");
}

void SystemdNotify::reloading() const {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto since_boot = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                     std::chrono::duration_cast<std::chrono::microseconds>(since_boot).count()));
}

void SystemdNotify::stopping() const {
    send("STOPPING=1");
}

void SystemdNotify::status(std::string_view text) const {
    send(fmt::format("STATUS={}", text.substr(0, text.find('\n'))));
}

void SystemdNotify::feed_watchdog() const {
    send("WATCHDOG=1");
}

}  // namespace keysyncd::daemon
