#include "daemon/http/http_session.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/url/grammar/ci_string.hpp>
#include <optional>
#include <sstream>

#include "daemon/http/http_encoding.hpp"
#include "daemon/http/http_exchange.hpp"
#include "daemon/http/http_stream.hpp"

namespace keysyncd::daemon {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

using RequestParser = http::request_parser<http::string_body>;

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

class Session final : public HttpConnection {
  public:
    Session(HttpStream& stream, HttpSessionContext& context)
        : stream_(stream),
          context_(context),
          limits_(context.options.limits),
          place_(context.connections, *this),
          peer_(name_of(stream.tcp().socket())) {}

    void close() override {
        stream_.tcp().close();
        if (pending_) {
            pending_->patience.cancel();
        }
    }

    asio::awaitable<void> run() {
        stream_.tcp().expires_after(limits_.request);
        if (co_await stream_.handshake()) {
            co_return;
        }
        auto patience = limits_.request;  // a new connection that says nothing is not an idle one
        for (bool again = true; again && !context_.stopping;) {
            again = co_await exchange(patience);
            place_.wait();
            patience = limits_.idle;
        }
        constexpr std::chrono::seconds moment{1};
        stream_.tcp().expires_after(moment);
        co_await stream_.finish();
    }

  private:
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
            stream_.tcp().expires_after(patience);
            const beast::error_code error = co_await fill();
            if (error) {
                co_return error == asio::error::eof ? beast::error_code(http::error::end_of_stream) : error;
            }
        }
        stream_.tcp().expires_after(limits_.request);  // the rest of it, however slowly it trickles in
        while (!parser.is_header_done()) {
            const beast::error_code error = co_await parse(parser);
            if (error) {
                co_return error;
            }
        }
        if (boost::urls::grammar::ci_is_equal(std::string_view(parser.get()[http::field::expect]), "100-continue") &&
            !parser.is_done()) {
            static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            const beast::error_code error = co_await stream_.write({asio::buffer(go_on), {}});
            if (error) {
                co_return error;
            }
        }
        parser.eager(true);
        while (!parser.is_done()) {
            const beast::error_code error = co_await parse(parser);
            if (error) {
                co_return error;
            }
        }
        co_return beast::error_code{};
    }

    /// One step of the parser: on what is there, or on more once that is not enough.
    asio::awaitable<beast::error_code> parse(RequestParser& parser) {
        beast::error_code error;
        if (buffer_.size() != 0) {
            buffer_.consume(parser.put(buffer_.data(), error));
            if (error != http::error::need_more) {
                co_return error;
            }
        }
        error = co_await fill();
        if (error == asio::error::eof) {
            error = {};
            parser.put_eof(error);
        }
        co_return error;
    }

    asio::awaitable<beast::error_code> fill() {
        const auto [error, size] = co_await stream_.read_some(buffer_.prepare(4096));
        buffer_.commit(size);
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
        pending_ = std::make_shared<Pending>(stream_.tcp().get_executor());
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
        std::ostringstream start;
        start << message.base();
        const std::string header = std::move(start).str();
        stream_.tcp().expires_after(limits_.response);
        const auto body = head ? asio::const_buffer{} : asio::buffer(message.body());
        const beast::error_code error = co_await stream_.write({asio::buffer(header), body});
        co_return !error;
    }

    void warn(const std::string& message) {
        if (context_.options.on_warning) {
            context_.options.on_warning(message);
        }
    }

    HttpStream& stream_;
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
    const auto stream = HttpStream::over(std::move(socket), context.options.tls ? context.options.tls() : nullptr);
    Session session(*stream, context);
    co_await session.run();
}

}  // namespace keysyncd::daemon
