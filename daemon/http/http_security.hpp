// What --web.config.file asks for, applied: TLS, basic authentication, headers. The file, its certificates and keys are
// looked at again when they change on disk, at most once a second; a file that does not load leaves the old in force.
// open() is for the owner's thread, everything else is used on the web server's.
#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/http_server.hpp"

namespace keysyncd::daemon {

/// Whether pages and API show users: with --web.disable-users they are closed.
enum class UserPages : bool { closed, open };

class HttpSecurity {
  public:
    /// The error may have several lines, one a problem. `warn` is told on the server's thread of later changes that do
    /// not load.
    [[nodiscard]] static std::expected<std::unique_ptr<HttpSecurity>, std::string> open(
        std::filesystem::path file, std::function<void(std::string_view)> warn,
        std::chrono::steady_clock::duration between_looks = std::chrono::seconds{1});
    ~HttpSecurity();
    HttpSecurity(const HttpSecurity&) = delete;
    HttpSecurity& operator=(const HttpSecurity&) = delete;

    /// Puts the gate, the operator's headers and, where asked for, TLS before the server's handler. Whether there is
    /// TLS is settled here. This object outlives the server.
    void protect(HttpServerOptions& options);

    /// From now on what is exposed at these addresses is judged again, and warned of, whenever the file has changed.
    /// Before the server starts.
    void watch_exposure(std::vector<HttpAddress> addresses, UserPages users);

    /// Whether a client must show that it may read: by password or by a verified certificate.
    [[nodiscard]] bool authenticates() const;
    [[nodiscard]] bool encrypts() const;
    /// Of the web server's own certificate in force; std::nullopt without TLS.
    [[nodiscard]] std::optional<std::chrono::sys_seconds> certificate_expiry() const;
    [[nodiscard]] std::optional<std::string> exposure(const HttpAddress& address, UserPages users) const;

  private:
    class Impl;
    explicit HttpSecurity(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// What to warn of when listening there: std::nullopt on loopback, or when it is protected. `security` may be null.
[[nodiscard]] std::optional<std::string> exposure(const HttpAddress& address, const HttpSecurity* security,
                                                  UserPages users);

}  // namespace keysyncd::daemon
