// One question to the DNS by c-ares, on the calling thread: unlike the resolver of the C library, which waits for its
// name servers as long as it likes, it can be given up at a deadline or a stop, and holds up no other question.
// Blocking, on a worker thread; needs nothing but this machine's resolv.conf, nsswitch.conf and hosts.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <stop_token>

struct ares_channeldata;

namespace keysyncd::ldap {

enum class DnsFailure : std::uint8_t { stopped, no_answer };

class DnsChannel {
  public:
    /// Its own waits are short enough for every name server to be tried within the limit.
    explicit DnsChannel(std::chrono::milliseconds limit);

    /// For the ares_* call that asks; nullptr when c-ares does not start.
    [[nodiscard]] ares_channeldata* get() const noexcept { return channel_.get(); }

    /// Works on the question until `come` says so. What the question's callback writes to must outlive the channel,
    /// whose end answers what is still open.
    [[nodiscard]] std::expected<void, DnsFailure> wait(const std::function<bool()>& come, const std::stop_token& stop);

  private:
    struct Destroy {
        void operator()(ares_channeldata* channel) const noexcept;
    };
    void work(std::chrono::milliseconds at_most);

    std::chrono::steady_clock::time_point deadline_;
    std::unique_ptr<ares_channeldata, Destroy> channel_;
};

}  // namespace keysyncd::ldap
