// Has a new key reached that domain controller yet: asks one observed server about the keys it is given, and about
// nothing else. Which keys are awaited, and until when, is the caller's to keep.
// Blocking, for one worker thread; keeps its connection while keys are awaited.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "ldap/connection_limits.hpp"
#include "ldap/deadline_supervisor.hpp"
#include "ldap/guid.hpp"
#include "ldap/poll_error.hpp"
#include "ldap/time.hpp"

namespace keysyncd::ldap {

struct AwaitedKey {
    Guid user;  ///< objectGUID
    std::vector<std::byte> key_id;
};

/// A key that is there.
struct KeyArrival {
    AwaitedKey key;
    Instant seen;  ///< our clock: it had arrived by then
    /// Of its user on that server. Where the key was the user's last change there, this is when it arrived (1 s);
    /// an earlier one than the key's write, or a later one than `seen`, says nothing.
    std::optional<std::chrono::sys_seconds> when_changed;
};

class ArrivalWatch {
  public:
    /// `server` is one of settings.observe_servers; bind, TLS and base are the domain's.
    ArrivalWatch(config::DomainSettings settings, std::string server, DeadlineSupervisor& supervisor,
                 const ConnectionLimits& limits = {});
    ~ArrivalWatch();
    ArrivalWatch(const ArrivalWatch&) = delete;
    ArrivalWatch& operator=(const ArrivalWatch&) = delete;

    [[nodiscard]] const std::string& server() const noexcept { return server_; }

    /// Those of the awaited keys that the server has. Asks nothing at all when none is awaited. A connection that was
    /// cut since the last look is opened again, once.
    [[nodiscard]] std::expected<std::vector<KeyArrival>, PollError> look(std::span<const AwaitedKey> awaited,
                                                                         const std::stop_token& stop);

  private:
    class Link;
    [[nodiscard]] std::expected<void, PollError> connect(const std::stop_token& stop);
    [[nodiscard]] std::expected<std::vector<KeyArrival>, PollError> ask(std::span<const AwaitedKey> awaited,
                                                                        const std::stop_token& stop);

    config::DomainSettings settings_;
    std::string server_;
    DeadlineSupervisor& supervisor_;
    ConnectionLimits limits_;
    std::unique_ptr<Link> link_;
};

}  // namespace keysyncd::ldap
