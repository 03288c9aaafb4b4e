#include "daemon/http/http_server.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <exception>
#include <list>
#include <thread>

#include "daemon/http/http_session.hpp"

namespace keysyncd::daemon {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

boost::system::error_code open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
    boost::system::error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (error) {
        return error;
    }
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && endpoint.protocol() == tcp::v6()) {
        // The unspecified address means every address of the machine, IPv4 too.
        acceptor.set_option(asio::ip::v6_only(!endpoint.address().is_unspecified()), error);
    }
    if (!error) {
        acceptor.bind(endpoint, error);
    }
    if (!error) {
        acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
    return error;
}

/// The thread that the owner stops by its own means: signals go to the others.
void block_signals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

class HttpServer::Impl {
  public:
    explicit Impl(HttpServerOptions given)
        : options(std::move(given)),
          context{.options = options, .connections = HttpConnections(options.limits.connections), .io = io} {}

    std::expected<void, std::string> listen(const HttpAddress& address) {
        boost::system::error_code error;
        std::vector<tcp::endpoint> endpoints;
        if (address.host.empty()) {
            endpoints.emplace_back(tcp::v6(), address.port);
        } else {
            tcp::resolver resolver(*io);
            for (const auto& found : resolver.resolve(address.host, std::to_string(address.port),
                                                      tcp::resolver::passive | tcp::resolver::numeric_service, error)) {
                endpoints.push_back(found.endpoint());
            }
        }
        if (error) {
            return std::unexpected(
                fmt::format("cannot listen on {}: the name does not resolve: {}", to_string(address), error.message()));
        }
        for (const tcp::endpoint& endpoint : endpoints) {
            acceptors.emplace_back(*io);
            error = open(acceptors.back(), endpoint);
            if (error && address.host.empty()) {  // a machine without IPv6
                acceptors.back() = tcp::acceptor(*io);
                error = open(acceptors.back(), tcp::endpoint(tcp::v4(), address.port));
            }
            if (error) {
                acceptors.pop_back();
                return std::unexpected(fmt::format("cannot listen on {}: {}", to_string(address), error.message()));
            }
        }
        return {};
    }

    void start() {
        for (tcp::acceptor& acceptor : acceptors) {
            asio::co_spawn(*io, accept_from(acceptor), asio::detached);
        }
        thread = std::jthread([this] {
            block_signals();
            io->run();
        });
    }

    void stop() {
        if (!thread.joinable()) {
            return;
        }
        asio::post(*io, [this] {
            context.stopping = true;
            for (tcp::acceptor& acceptor : acceptors) {
                boost::system::error_code ignored;
                acceptor.close(ignored);
            }
            context.connections.close_waiting();
            if (!context.connections.empty()) {
                drain.expires_after(options.limits.drain);
                drain.async_wait([this](boost::system::error_code cancelled) {
                    if (!cancelled) {
                        context.connections.close_all();
                    }
                });
            }
        });
        thread.join();  // run() ends when the last session has
    }

    HttpServerOptions options;
    std::shared_ptr<asio::io_context> io = std::make_shared<asio::io_context>(1);
    HttpSessionContext context;
    asio::steady_timer drain{*io};
    std::list<tcp::acceptor> acceptors;
    std::jthread thread;

  private:
    asio::awaitable<void> accept_from(tcp::acceptor& acceptor) {
        while (!context.stopping) {
            auto [error, socket] = co_await acceptor.async_accept(as_result);
            if (!error) {
                take(std::move(socket));
            } else if (error != asio::error::operation_aborted && error != asio::error::connection_aborted) {
                warn(fmt::format("cannot accept connections: {}", error.message()));
                // Out of descriptors, most likely; the connection stays in the queue meanwhile.
                asio::steady_timer pause(*io, std::chrono::milliseconds(200));
                co_await pause.async_wait(as_result);
            }
        }
    }

    void take(tcp::socket socket) {
        if (!context.connections.make_room()) {
            static constexpr std::string_view busy =
                "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
            boost::system::error_code ignored;
            socket.non_blocking(true, ignored);
            socket.write_some(asio::buffer(busy), ignored);
            return;
        }
        asio::co_spawn(*io, run_http_session(std::move(socket), context), [this](const std::exception_ptr& failure) {
            if (failure) {
                report(failure);
            }
            if (context.stopping && context.connections.empty()) {
                drain.cancel();
            }
        });
    }

    void report(const std::exception_ptr& failure) const {
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& exception) {
            warn(fmt::format("a connection failed: {}", exception.what()));
        }
    }

    void warn(const std::string& message) const {
        if (options.on_warning) {
            options.on_warning(message);
        }
    }
};

HttpServer::HttpServer(HttpServerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

HttpServer::~HttpServer() {
    impl_->stop();
}

std::expected<void, std::string> HttpServer::listen(const HttpAddress& address) {
    return impl_->listen(address);
}

std::vector<HttpAddress> HttpServer::addresses() const {
    std::vector<HttpAddress> bound;
    for (const tcp::acceptor& acceptor : impl_->acceptors) {
        boost::system::error_code error;
        const auto endpoint = acceptor.local_endpoint(error);
        if (!error) {
            bound.push_back({endpoint.address().to_string(), endpoint.port()});
        }
    }
    return bound;
}

void HttpServer::start() {
    impl_->start();
}

void HttpServer::stop() {
    impl_->stop();
}

}  // namespace keysyncd::daemon
