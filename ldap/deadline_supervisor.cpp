#include "ldap/deadline_supervisor.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <system_error>
#include <thread>

#include "ldap/ldap_text.hpp"

namespace keysyncd::ldap {

namespace asio = boost::asio;

Lifeline::Lifeline(int descriptor) : descriptor_(::fcntl(descriptor, F_DUPFD_CLOEXEC, 3)) {
    if (descriptor_ < 0) {
        throw std::system_error(errno, std::generic_category(), "cannot duplicate the connection's descriptor");
    }
}

Lifeline::~Lifeline() {
    ::close(descriptor_);
}

void Lifeline::cut(CutReason reason) noexcept {
    CutReason expected = CutReason::none;
    if (reason_.compare_exchange_strong(expected, reason)) {
        ::shutdown(descriptor_, SHUT_RDWR);
    }
}

struct DeadlineSupervisor::Loop {
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
    std::thread thread{[this] { io.run(); }};
};

DeadlineSupervisor::DeadlineSupervisor() : loop_(std::make_unique<Loop>()) {
    initialise_libldap();
}

DeadlineSupervisor::~DeadlineSupervisor() {
    loop_->work.reset();
    loop_->io.stop();
    loop_->thread.join();
}

asio::io_context& DeadlineSupervisor::io_context() noexcept {
    return loop_->io;
}

// `settled` decides the race between the operation's end and its deadline: whoever sets it first wins.
struct DeadlineSupervisor::Watch::Timer {
    Timer(asio::io_context& io, std::shared_ptr<Lifeline> line) : timer(io), lifeline(std::move(line)) {}
    asio::steady_timer timer;
    std::shared_ptr<Lifeline> lifeline;
    std::atomic<bool> settled{false};
};

DeadlineSupervisor::Watch::Watch(DeadlineSupervisor& supervisor, const std::shared_ptr<Lifeline>& lifeline,
                                 std::chrono::milliseconds limit, const std::stop_token& stop)
    : timer_(std::make_shared<Timer>(supervisor.io_context(), lifeline)), on_stop_(stop, Cut{lifeline}) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    asio::post(supervisor.io_context(), [timer = timer_, deadline] {
        if (timer->settled) {
            return;
        }
        timer->timer.expires_at(deadline);
        timer->timer.async_wait([timer](const boost::system::error_code& error) {
            if (!error && !timer->settled.exchange(true)) {
                timer->lifeline->cut(CutReason::deadline);
            }
        });
    });
}

DeadlineSupervisor::Watch::~Watch() {
    if (!timer_->settled.exchange(true)) {
        // Timers belong to the io_context's thread: only it may cancel them.
        asio::post(timer_->timer.get_executor(), [timer = timer_] { timer->timer.cancel(); });
    }
}

}  // namespace keysyncd::ldap
