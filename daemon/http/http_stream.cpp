#include "daemon/http/http_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace keysyncd::daemon {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

// g++ 12 destroys temporaries in a co_await expression twice (gcc bug 107288): completion tokens have names.
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

template <typename Stream>
asio::awaitable<HttpStream::Transfer> read_from(Stream& stream, asio::mutable_buffer into) {
    const auto [error, size] = co_await stream.async_read_some(into, as_result);
    co_return HttpStream::Transfer{error, size};
}

template <typename Stream>
asio::awaitable<HttpStream::Error> write_to(Stream& stream, std::array<asio::const_buffer, 2> bytes) {
    const auto [error, size] = co_await asio::async_write(stream, bytes, as_result);
    co_return error;
}

class PlainStream final : public HttpStream {
  public:
    explicit PlainStream(asio::ip::tcp::socket socket) : stream_(std::move(socket)) {}

    beast::tcp_stream& tcp() noexcept override { return stream_; }

    asio::awaitable<Error> handshake() override { co_return Error{}; }

    asio::awaitable<Transfer> read_some(asio::mutable_buffer into) override { return read_from(stream_, into); }

    asio::awaitable<Error> write(std::array<asio::const_buffer, 2> bytes) override { return write_to(stream_, bytes); }

    asio::awaitable<void> finish() override {
        Error error;
        stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
        std::array<char, 4096> ignored{};
        while (!error) {
            error = (co_await read_some(asio::buffer(ignored))).error;
        }
    }

  private:
    beast::tcp_stream stream_;
};

class TlsStream final : public HttpStream {
  public:
    TlsStream(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> context)
        : context_(std::move(context)), stream_(beast::tcp_stream(std::move(socket)), *context_) {}

    beast::tcp_stream& tcp() noexcept override { return stream_.next_layer(); }

    asio::awaitable<Error> handshake() override {
        const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, as_result);
        co_return error;
    }

    asio::awaitable<Transfer> read_some(asio::mutable_buffer into) override { return read_from(stream_, into); }

    asio::awaitable<Error> write(std::array<asio::const_buffer, 2> bytes) override { return write_to(stream_, bytes); }

    asio::awaitable<void> finish() override { co_await stream_.async_shutdown(as_result); }

  private:
    std::shared_ptr<asio::ssl::context> context_;  // the stream refers to it
    asio::ssl::stream<beast::tcp_stream> stream_;
};

}  // namespace

std::unique_ptr<HttpStream> HttpStream::over(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> tls) {
    if (tls == nullptr) {
        return std::make_unique<PlainStream>(std::move(socket));
    }
    return std::make_unique<TlsStream>(std::move(socket), std::move(tls));
}

}  // namespace keysyncd::daemon
