// Ends what libldap would wait for without end. libldap blocks in the TLS handshake, in SASL and on half a message, and
// no option of its own bounds all three; shutting the descriptor down from another thread does.
// One supervisor serves every worker: its thread runs an io_context with the deadline timers and the TCP connects.
// A worker holds a Lifeline (a duplicate descriptor) per connection and a Watch per operation. SIGPIPE must be ignored.
// Made on the main thread before any worker starts: it also makes libldap set up its globals.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>

namespace boost::asio {
class io_context;
}

namespace keysyncd::ldap {

enum class CutReason : std::uint8_t { none, deadline, stopped };

/// A duplicate of a connection's descriptor. Duplicated, so that a number that was closed and given to another
/// connection is never shut down by mistake. Any thread.
class Lifeline {
  public:
    /// Throws std::system_error when the process has no descriptors left.
    explicit Lifeline(int descriptor);
    ~Lifeline();
    Lifeline(const Lifeline&) = delete;
    Lifeline& operator=(const Lifeline&) = delete;

    /// Why the connection was ended from here; none while it lives or when the peer ended it.
    [[nodiscard]] CutReason reason() const noexcept { return reason_.load(); }
    /// Only the first reason counts.
    void cut(CutReason reason) noexcept;

  private:
    int descriptor_;
    std::atomic<CutReason> reason_{CutReason::none};
};

class DeadlineSupervisor {
  public:
    DeadlineSupervisor();
    ~DeadlineSupervisor();
    DeadlineSupervisor(const DeadlineSupervisor&) = delete;
    DeadlineSupervisor& operator=(const DeadlineSupervisor&) = delete;

    [[nodiscard]] boost::asio::io_context& io_context() noexcept;

    /// While it lives, the lifeline is cut at the deadline or when `stop` is requested.
    class Watch {
      public:
        ~Watch();
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;

      private:
        friend class DeadlineSupervisor;
        struct Timer;
        struct Cut {
            std::shared_ptr<Lifeline> lifeline;
            void operator()() const noexcept { lifeline->cut(CutReason::stopped); }
        };
        Watch(DeadlineSupervisor& supervisor, const std::shared_ptr<Lifeline>& lifeline,
              std::chrono::milliseconds limit, const std::stop_token& stop);

        std::shared_ptr<Timer> timer_;
        std::stop_callback<Cut> on_stop_;
    };
    [[nodiscard]] Watch watch(const std::shared_ptr<Lifeline>& lifeline, std::chrono::milliseconds limit,
                              const std::stop_token& stop) {
        return {*this, lifeline, limit, stop};
    }

  private:
    struct Loop;
    std::unique_ptr<Loop> loop_;
};

}  // namespace keysyncd::ldap
