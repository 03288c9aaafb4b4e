#include "ldap/tcp_connect.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <future>
#include <memory>

#include "ldap/address_lookup.hpp"

namespace keysyncd::ldap {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// One attempt. Everything but the constructor runs on the io_context's thread; the first outcome wins.
class Attempt : public std::enable_shared_from_this<Attempt> {
  public:
    Attempt(asio::io_context& io, const ServerEndpoint& server, const tcp::endpoint& address,
            std::chrono::milliseconds limit)
        : io_(io), server_(server), address_(address), limit_(limit), socket_(io), timer_(io) {}

    [[nodiscard]] auto outcome() { return promise_.get_future(); }

    void start() {
        asio::post(io_, [self = shared_from_this()] { self->connect(); });
    }

    void stop() {
        asio::post(io_, [self = shared_from_this()] { self->fail(PollFailure::stopped, "asked to stop"); });
    }

  private:
    void connect() {
        timer_.expires_after(limit_);
        timer_.async_wait([self = shared_from_this()](const error_code& error) {
            if (!error) {
                self->fail(PollFailure::timeout,
                           fmt::format("connecting to {}:{} took longer than {:.1f} s; does a firewall drop what is "
                                       "sent to this port?",
                                       self->server_.host, self->server_.port,
                                       std::chrono::duration<double>(self->limit_).count()));
            }
        });
        socket_.async_connect(address_, [self = shared_from_this()](const error_code& why) { self->finish(why); });
    }

    void finish(const error_code& error) {
        if (settled_) {
            return;
        }
        if (error) {
            fail(PollFailure::connect, fmt::format("no connection to {}:{}: {}; is the domain controller up, and does "
                                                   "a firewall let this port through?",
                                                   server_.host, server_.port, error.message()));
            return;
        }
        error_code released;
        FileDescriptor descriptor(socket_.release(released));
        if (released) {
            fail(PollFailure::connect, released.message());
            return;
        }
        // libldap wants a blocking descriptor; Asio made it non-blocking.
        const int flags = ::fcntl(descriptor.get(), F_GETFL);
        ::fcntl(descriptor.get(), F_SETFL, flags & ~O_NONBLOCK);
        ::fcntl(descriptor.get(), F_SETFD, FD_CLOEXEC);
        const int on = 1;
        ::setsockopt(descriptor.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ::setsockopt(descriptor.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
        settle(std::move(descriptor));
    }

    void fail(PollFailure failure, std::string detail) {
        if (!settled_) {
            settle(std::unexpected(PollError{failure, server_.url(), std::move(detail)}));
        }
    }

    void settle(std::expected<FileDescriptor, PollError>&& outcome) {
        settled_ = true;
        timer_.cancel();
        error_code ignored;
        socket_.close(ignored);
        promise_.set_value(std::move(outcome));
    }

    asio::io_context& io_;
    ServerEndpoint server_;
    tcp::endpoint address_;
    std::chrono::milliseconds limit_;
    tcp::socket socket_;
    asio::steady_timer timer_;
    std::promise<std::expected<FileDescriptor, PollError>> promise_;
    bool settled_ = false;
};

}  // namespace

std::expected<FileDescriptor, PollError> tcp_connect(DeadlineSupervisor& supervisor, const ServerEndpoint& server,
                                                     std::chrono::milliseconds limit, const std::stop_token& stop) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    const auto addresses = look_up_addresses(server, limit, stop);
    if (!addresses) {
        return std::unexpected(addresses.error());
    }
    // An address that swallows what is sent to it gets its share of the time, not all of it.
    for (std::size_t i = 0;; ++i) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        const auto share = left / static_cast<std::int64_t>(addresses->size() - i);
        const auto attempt = std::make_shared<Attempt>(supervisor.io_context(), server, (*addresses)[i], share);
        auto outcome = attempt->outcome();
        attempt->start();
        const std::stop_callback on_stop(stop, [&attempt] { attempt->stop(); });
        auto connected = outcome.get();
        if (connected || i + 1 == addresses->size() || connected.error().failure == PollFailure::stopped) {
            return connected;
        }
    }
}

}  // namespace keysyncd::ldap
