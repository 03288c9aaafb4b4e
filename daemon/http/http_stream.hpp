// A web connection's bytes, plain or under TLS. A deadline set on tcp() counts for whatever is under way.
// On the server's thread. Internal to the server: this header brings Asio with it.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <cstddef>
#include <memory>

namespace keysyncd::daemon {

class HttpStream {
  public:
    using Error = boost::system::error_code;
    struct Transfer {
        Error error;
        std::size_t bytes = 0;
    };

    /// Without `tls` a plain one.
    [[nodiscard]] static std::unique_ptr<HttpStream> over(boost::asio::ip::tcp::socket socket,
                                                          std::shared_ptr<boost::asio::ssl::context> tls);

    HttpStream() = default;
    virtual ~HttpStream() = default;
    HttpStream(const HttpStream&) = delete;
    HttpStream& operator=(const HttpStream&) = delete;

    [[nodiscard]] virtual boost::beast::tcp_stream& tcp() noexcept = 0;

    [[nodiscard]] virtual boost::asio::awaitable<Error> handshake() = 0;
    [[nodiscard]] virtual boost::asio::awaitable<Transfer> read_some(boost::asio::mutable_buffer into) = 0;
    /// All of them.
    [[nodiscard]] virtual boost::asio::awaitable<Error> write(std::array<boost::asio::const_buffer, 2> bytes) = 0;
    /// Tells the peer that no more comes, and takes what it still sends until it ends too: closing with unread input
    /// would reset the connection and could destroy the last answer on its way.
    [[nodiscard]] virtual boost::asio::awaitable<void> finish() = 0;
};

}  // namespace keysyncd::daemon
