// Guards against a domain controller that lags behind the one that was read before: what it does not show need not have
// been removed, and what it shows may have been. It is not read until its up-to-dateness vector covers all that was
// read elsewhere. A domain controller that is lost for good takes its last changes with it: after half an hour the
// other one's word counts. On the connection's worker thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <stop_token>

#include "ldap/connection.hpp"
#include "ldap/domain_reader.hpp"
#include "ldap/replication_state.hpp"

namespace keysyncd::ldap {

inline constexpr std::chrono::minutes longest_catch_up{30};

class CatchUp {
  public:
    /// A new connection: to be proven again.
    void reconnected() noexcept { proven_ = false; }

    /// Whether this domain controller knows all that was read from others. `cursors` tell what was read before this
    /// process began.
    [[nodiscard]] std::expected<bool, PollError> proven(Connection& connection, const std::string& naming_context,
                                                        const Guid& invocation_id, std::uint64_t highest_usn,
                                                        std::span<const DirectoryCursor> cursors,
                                                        std::chrono::steady_clock::time_point now,
                                                        const std::stop_token& stop);

    /// After a good pass: the newest change to a user that was read there. Only where another server might be next.
    void read_up_to(const Guid& invocation_id, std::uint64_t newest_usn);

  private:
    ReplicationState read_;  ///< all that was read, from whichever domain controller
    ReplicationState here_;  ///< what the present one had received when it was proven
    bool begun_ = false;
    bool proven_ = false;
    std::optional<std::chrono::steady_clock::time_point> waiting_since_;
};

}  // namespace keysyncd::ldap
