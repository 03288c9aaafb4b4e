#include "daemon/http_session.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/url/grammar/ci_string.hpp>
#include <optional>
#include <type_traits>

#include "daemon/http_encoding.hpp"
#include "daemon/http_exchange.hpp"

namespace keysyncd::daemon {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

using RequestParser = http::request_parser<http::string_body>;
using TlsStream = asio::ssl::stream<beast::tcp_stream>;

// g++ 12 destroys temporaries in a co_await expression twice (gcc bug 107288): completion tokens have names.
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// What is awaited from another thread, the gate's verdict or the handler's answer, or the end of patience.
struct Pending {
    explicit Pending(const asio::any_io_executor& executor) : patience(executor) {}
    asio::steady_timer patience;
    bool told = false;
    std::optional<HttpResponse> response;
};

HttpVerdict verdict_to(const std::shared_ptr<Pending>& pending, const std::weak_ptr<asio::io_context>& io) {
    return [weak = std::weak_ptr(pending), io](std::optional<HttpResponse> response) {
        if (const auto alive = io.lock()) {
            asio::dispatch(*alive, [weak, response = std::move(response)]() mutable {
                if (const auto awaited = weak.lock(); awaited && !awaited->told) {
                    awaited->told = true;
                    awaited->response = std::move(response);
                    awaited->patience.cancel();
                }
            });
        }
    };
}

std::string name_of(const asio::ip::tcp::socket& socket) {
    boost::system::error_code error;
    const auto peer = socket.remote_endpoint(error);
    return error ? "unknown" : to_string(HttpAddress{peer.address().to_string(), peer.port()});
}

template <typename Stream>
class Session final : public HttpConnection {
  public:
    Session(Stream& stream, HttpSessionContext& context)
        : stream_(stream),
          context_(context),
          limits_(context.options.limits),
          place_(context.connections, *this),
          peer_(name_of(tcp().socket())) {}

    void close() override {
        tcp().close();
        if (pending_) {
            pending_->patience.cancel();
        }
    }

    asio::awaitable<void> run() {
        if (!co_await handshake()) {
            co_return;
        }
        auto patience = limits_.request;  // a new connection that says nothing is not an idle one
        for (bool again = true; again && !context_.stopping;) {
            again = co_await exchange(patience);
            place_.wait();
            patience = limits_.idle;
        }
        co_await finish();
    }

  private:
    beast::tcp_stream& tcp() { return beast::get_lowest_layer(stream_); }

    asio::awaitable<bool> handshake() {
        if constexpr (std::is_same_v<Stream, TlsStream>) {
            tcp().expires_after(limits_.request);
            const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, as_result);
            co_return !error;
        }
        co_return true;
    }

    /// One request and its answer. False: the connection ends.
    asio::awaitable<bool> exchange(std::chrono::milliseconds patience) {
        RequestParser parser;
        parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
        parser.body_limit(limits_.body_bytes);
        const beast::error_code error = co_await read(parser, patience);
        if (error) {
            if (auto answer = answer_to_error(error)) {
                co_await send(std::move(*answer), {}, false);
            }
            co_return false;
        }
        place_.serve();
        const bool head = parser.get().method() == http::verb::head;
        AnswerForm form{.gzip = accepts_gzip(parser.get()[http::field::accept_encoding]),
                        .keep_alive = parser.get().keep_alive()};
        auto request = to_request(parser.release(), peer_);
        if (!request) {
            co_await send(std::move(request.error()), {}, head);
            co_return false;
        }
        HttpResponse response = co_await answer(std::move(*request));
        form.keep_alive = form.keep_alive && !context_.stopping;
        const bool sent = co_await send(std::move(response), form, head);
        co_return sent&& form.keep_alive;
    }

    asio::awaitable<beast::error_code> read(RequestParser& parser, std::chrono::milliseconds patience) {
        if (buffer_.size() == 0) {
            tcp().expires_after(patience);
            const auto [error, size] = co_await stream_.async_read_some(buffer_.prepare(4096), as_result);
            if (error) {
                co_return error == asio::error::eof ? beast::error_code(http::error::end_of_stream) : error;
            }
            buffer_.commit(size);
        }
        tcp().expires_after(limits_.request);  // the rest of it, however slowly it trickles in
        const auto [header_error, header_size] = co_await http::async_read_header(stream_, buffer_, parser, as_result);
        if (header_error) {
            co_return header_error;
        }
        if (boost::urls::grammar::ci_is_equal(std::string_view(parser.get()[http::field::expect]), "100-continue") &&
            !parser.is_done()) {
            static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            const auto [error, size] = co_await asio::async_write(stream_, asio::buffer(go_on), as_result);
            if (error) {
                co_return error;
            }
        }
        const auto [error, size] = co_await http::async_read(stream_, buffer_, parser, as_result);
        co_return error;
    }

    asio::awaitable<HttpResponse> answer(HttpRequest request) {
        const std::string what = request.method + ' ' + request.path;
        if (context_.options.gate) {
            const auto ask = [&](HttpVerdict verdict) { context_.options.gate(request, std::move(verdict)); };
            auto refusal = co_await await_verdict(what, ask);
            if (refusal) {
                co_return std::move(*refusal);
            }
        }
        const auto ask = [&](const HttpVerdict& tell) {
            context_.options.handler(std::move(request), [tell](HttpResponse given) { tell(std::move(given)); });
        };
        auto response = co_await await_verdict(what, ask);
        co_return std::move(*response);
    }

    /// Calls `ask` with where to tell the outcome, and waits for it.
    template <typename Ask>
    asio::awaitable<std::optional<HttpResponse>> await_verdict(const std::string& what, Ask ask) {
        pending_ = std::make_shared<Pending>(tcp().get_executor());
        pending_->patience.expires_after(limits_.handler);
        try {
            ask(verdict_to(pending_, context_.io));
        } catch (const std::exception& failure) {
            warn(fmt::format("{} failed: {}", what, failure.what()));
            co_return HttpResponse::text(500, "Internal error; the log tells more.");
        }
        if (!pending_->told) {
            co_await pending_->patience.async_wait(as_result);
        }
        const auto pending = std::move(pending_);
        if (!pending->told) {
            warn(fmt::format("{} was not answered in time", what));
            co_return HttpResponse::text(503, "No answer in time; try again later.");
        }
        co_return std::move(pending->response);
    }

    asio::awaitable<bool> send(HttpResponse response, AnswerForm form, bool head) {
        if (context_.options.on_answer) {
            context_.options.on_answer(response);
        }
        auto message = to_message(std::move(response), form, std::chrono::system_clock::now());
        tcp().expires_after(limits_.response);
        if (head) {
            http::response<http::empty_body> bare(std::move(message.base()));
            http::response_serializer<http::empty_body> serializer(bare);
            const auto [error, size] = co_await http::async_write_header(stream_, serializer, as_result);
            co_return !error;
        }
        const auto [error, size] = co_await http::async_write(stream_, message, as_result);
        co_return !error;
    }

    /// Tells the client that no more comes and reads what it still sends for a moment: closing with unread input would
    /// reset the connection and could destroy the last answer on its way.
    asio::awaitable<void> finish() {
        constexpr std::chrono::seconds moment{1};
        tcp().expires_after(moment);
        if constexpr (std::is_same_v<Stream, TlsStream>) {
            co_await stream_.async_shutdown(as_result);
        } else {
            beast::error_code error;
            tcp().socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
            while (!error) {
                buffer_.clear();
                const auto [failed, size] = co_await stream_.async_read_some(buffer_.prepare(4096), as_result);
                error = failed;
            }
        }
    }

    void warn(const std::string& message) {
        if (context_.options.on_warning) {
            context_.options.on_warning(message);
        }
    }

    Stream& stream_;
    HttpSessionContext& context_;
    const HttpLimits& limits_;
    HttpConnections::Place place_;
    std::string peer_;
    beast::flat_buffer buffer_;
    std::shared_ptr<Pending> pending_;
};

}  // namespace

asio::awaitable<void> run_http_session(asio::ip::tcp::socket socket, HttpSessionContext& context) {
    beast::error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (context.options.tls) {
        const auto tls = context.options.tls();  // held: the stream refers to it
        TlsStream stream(beast::tcp_stream(std::move(socket)), *tls);
        Session<TlsStream> session(stream, context);
        co_await session.run();
    } else {
        beast::tcp_stream stream(std::move(socket));
        Session<beast::tcp_stream> session(stream, context);
        co_await session.run();
    }
}

}  // namespace keysyncd::daemon
