#include "daemon/process/systemd_notify.hpp"

#include <poll.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv and mkdtemp are POSIX
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <string>

using namespace keysyncd::daemon;
using namespace std::chrono_literals;

namespace {

/// The service manager's end of the notification socket.
class ServiceManager {
  public:
    ServiceManager() {
        std::string folder = (std::filesystem::temp_directory_path() / "keysyncd-notify-XXXXXX").string();
        REQUIRE(::mkdtemp(folder.data()) != nullptr);
        folder_ = folder;
        fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
        REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    }
    ServiceManager(const ServiceManager&) = delete;
    ServiceManager& operator=(const ServiceManager&) = delete;
    ~ServiceManager() {
        ::close(fd_);
        std::filesystem::remove_all(folder_);
    }

    [[nodiscard]] std::string path() const { return (folder_ / "notify").string(); }

    [[nodiscard]] std::string heard() const {
        pollfd waiting{fd_, POLLIN, 0};
        if (::poll(&waiting, 1, 0) != 1) {
            return "(nothing)";
        }
        std::array<char, 4096> buffer{};
        const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), 0);
        return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    }

  private:
    std::filesystem::path folder_;
    int fd_ = -1;
};

}  // namespace

TEST_CASE("the service manager hears each state in sd_notify's words") {
    const ServiceManager manager;
    const SystemdNotify notify(manager.path(), std::nullopt);
    REQUIRE(notify.connected());
    notify.ready();
    CHECK(manager.heard() == "READY=1");
    notify.status("2 domains, all sources answer\nREADY=1");
    CHECK(manager.heard() == "STATUS=2 domains, all sources answer");
    notify.feed_watchdog();
    CHECK(manager.heard() == "WATCHDOG=1");
    notify.reloading();
    const std::string reloading = manager.heard();
    CHECK(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="));
    CHECK(reloading.find_first_not_of("0123456789", 27) == std::string::npos);
    notify.stopping();
    CHECK(manager.heard() == "STOPPING=1");
    CHECK(manager.heard() == "(nothing)");
}

TEST_CASE("without a service manager every call does nothing") {
    for (const char* const socket : {"", "/", "relative", "/nowhere/notify", "@"}) {
        CAPTURE(socket);
        const SystemdNotify notify(socket, std::nullopt);
        CHECK_FALSE(notify.connected());
        notify.ready();
        notify.feed_watchdog();
    }
    const SystemdNotify too_long("/" + std::string(200, 'x'), std::nullopt);
    CHECK_FALSE(too_long.connected());
}

TEST_CASE("the environment is read once and taken away from children") {
    const ServiceManager manager;
    const auto with = [&](const char* usec, const std::string& pid) {
        ::setenv("NOTIFY_SOCKET", manager.path().c_str(), 1);
        ::setenv("WATCHDOG_USEC", usec, 1);
        pid.empty() ? ::unsetenv("WATCHDOG_PID") : ::setenv("WATCHDOG_PID", pid.c_str(), 1);
        const auto notify = SystemdNotify::from_environment();
        CHECK(notify.connected());
        CHECK(::getenv("NOTIFY_SOCKET") == nullptr);
        CHECK(::getenv("WATCHDOG_USEC") == nullptr);
        CHECK(::getenv("WATCHDOG_PID") == nullptr);
        return notify.watchdog();
    };
    CHECK(with("120000000", std::to_string(::getpid())) == 120s);
    CHECK(with("120000000", "") == 120s);
    CHECK(with("120000000", std::to_string(::getpid() + 1)) == std::nullopt);
    CHECK(with("0", "") == std::nullopt);
    CHECK(with("2min", "") == std::nullopt);
    const auto none = SystemdNotify::from_environment();
    CHECK_FALSE(none.connected());
    CHECK(none.watchdog() == std::nullopt);
}
