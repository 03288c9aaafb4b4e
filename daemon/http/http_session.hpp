// One connection of the web server, from accept to close, as a coroutine on the server's thread.
// Internal to the server: this header brings Asio with it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "daemon/http/http_connections.hpp"
#include "daemon/http/http_server.hpp"

namespace keysyncd::daemon {

/// What all sessions of a server share. Outlives them.
struct HttpSessionContext {
    const HttpServerOptions& options;
    HttpConnections connections;
    bool stopping = false;
    /// Weak, because a handler may keep a reply for longer than the server lives.
    std::weak_ptr<boost::asio::io_context> io;
};

[[nodiscard]] boost::asio::awaitable<void> run_http_session(boost::asio::ip::tcp::socket socket,
                                                            HttpSessionContext& context);

}  // namespace keysyncd::daemon
