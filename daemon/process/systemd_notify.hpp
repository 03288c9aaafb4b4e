// Tells the service manager how the daemon is: sd_notify(3) spoken directly, one datagram a message to the Unix socket
// named by NOTIFY_SOCKET. Without that variable every call does nothing, so callers need not know who started us.
// Sending never blocks; any thread, once created.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace keysyncd::daemon {

class SystemdNotify {
  public:
    /// From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; takes them out of the environment, so that no child speaks
    /// in our name. Before threads start.
    [[nodiscard]] static SystemdNotify from_environment();

    /// `socket` is a path, or @name for the abstract namespace; empty: nobody listens.
    SystemdNotify(std::string_view socket, std::optional<std::chrono::microseconds> watchdog);
    SystemdNotify(SystemdNotify&& other) noexcept;
    SystemdNotify& operator=(SystemdNotify&& other) = delete;
    SystemdNotify(const SystemdNotify&) = delete;
    SystemdNotify& operator=(const SystemdNotify&) = delete;
    ~SystemdNotify();

    void ready() const;
    void reloading() const;  ///< followed by ready() when done, well or not
    void stopping() const;
    /// One line, shown by `systemctl status`.
    void status(std::string_view text) const;
    /// "I am well": due at least every watchdog() period.
    void feed_watchdog() const;

    /// The period after which the service manager kills a daemon that it has not heard from; nothing: it does not.
    [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const noexcept { return watchdog_; }
    [[nodiscard]] bool connected() const noexcept { return fd_ >= 0; }

  private:
    void send(std::string_view message) const;

    int fd_ = -1;
    std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace keysyncd::daemon
