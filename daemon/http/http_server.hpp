// The web server: HTTP/1.1 over TCP, and over TLS where it is given a context, on one thread of its own, so that a
// scrape waits for nobody. Its handlers run on that thread. listen, start and stop are for the owner's thread.
// RFC 9110 and 9112 as far as a scrape target needs them: keep-alive, pipelining, HEAD, 100-continue.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/http_address.hpp"
#include "daemon/http/http_limits.hpp"
#include "daemon/http/http_message.hpp"

namespace boost::asio::ssl {
class context;
}

namespace keysyncd::daemon {

/// Asked at each new connection, so that renewed certificates are used at once.
using HttpTlsSource = std::function<std::shared_ptr<boost::asio::ssl::context>()>;

struct HttpServerOptions {
    HttpHandler handler;
    HttpLimits limits{};
    HttpTlsSource tls{};                                 ///< empty: plain HTTP
    HttpGate gate{};                                     ///< empty: everybody may pass
    std::function<void(HttpResponse&)> on_answer{};      ///< on the server's thread: adds headers to every answer
    std::function<void(std::string_view)> on_warning{};  ///< on the server's thread: what an operator should know
};

class HttpServer {
  public:
    explicit HttpServer(HttpServerOptions options);
    ~HttpServer();  ///< stops
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Binds every address that the host name stands for. Before start(). The error names the address and the reason.
    [[nodiscard]] std::expected<void, std::string> listen(const HttpAddress& address);

    /// Where it listens, with the ports that were chosen for port 0.
    [[nodiscard]] std::vector<HttpAddress> addresses() const;

    void start();

    /// Takes no more requests, lets answers under way go out for HttpLimits::drain, then closes everything. Idempotent.
    void stop();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace keysyncd::daemon
