// Guards against a domain controller that lags behind the one that was read before: what it does not show need not have
// been removed, and what it shows may have been. It is not read until its up-to-dateness vector covers the newest
// change to a user that was read elsewhere: who has received that from a domain controller has received all that it
// knew then. A domain controller that is lost for good takes its last changes with it: after half an hour the other
// one's word counts, and the lost one's cursor goes. Pure: times and answers are arguments; for one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ldap/change_window.hpp"
#include "ldap/domain_reader.hpp"
#include "ldap/replication_state.hpp"

namespace keysyncd::ldap {

inline constexpr std::chrono::minutes longest_catch_up{30};

/// What to make of the domain controller that is connected.
struct CatchUpVerdict {
    bool caught_up = false;  ///< it may be read
    bool untold = false;     ///< its vector does not show, though others were read before: nobody can tell
    bool may_lag = false;    ///< untold, and come over from another one within half an hour: believe no removal
    bool sweep_due = false;  ///< removals were not believed before, and can be now
};

class CatchUp {
  public:
    using Time = std::chrono::steady_clock::time_point;

    /// A new connection: to be proven again.
    void reconnected() noexcept { proven_ = false; }
    /// Whether judge() will want the vector.
    [[nodiscard]] bool wants_vector() const noexcept { return !proven_; }

    /// Before each pass. `vector`: the domain controller's; std::nullopt where it is hidden, absent or no vector.
    /// `cursors`: in the order in which they were stored; what was read before this process began.
    [[nodiscard]] CatchUpVerdict judge(const std::optional<ReplicationState>& vector, const DatabaseState& present,
                                       std::span<const DirectoryCursor> cursors, Time now);

    /// After a pass, and after one that failed too: the newest change to a user that it handed over, 0 for none.
    void read_up_to(const Guid& invocation_id, std::uint64_t newest_usn);
    /// After a pass that ended well.
    void ended(const Guid& invocation_id, const PassStart& pass);

    /// The newest change to a user that was ever read there.
    [[nodiscard]] std::uint64_t newest_usn(const Guid& invocation_id) const;
    /// Of these, the ones that were waited for in vain: their cursors are of no use any more.
    [[nodiscard]] std::vector<std::string> given_up(std::span<const DirectoryCursor> cursors) const;

  private:
    void wait_for(const ReplicationState& wanted, const ReplicationState& vector, Time now);
    void doubt(const DatabaseState& present, std::span<const DirectoryCursor> cursors, Time now);

    ReplicationState read_;  ///< the newest changes to users that were read, by domain controller
    std::set<Guid> given_up_;
    bool proven_ = false;
    std::optional<Time> waiting_since_;
    bool untold_ = false;
    std::optional<Guid> doubted_;  ///< the domain controller that was come over to, unproven
    Time doubted_since_;
    bool owes_sweep_ = false;
};

/// What to tell the operator where the vector does not show.
[[nodiscard]] std::string hidden_vector(const std::string& naming_context, const std::string& account);

}  // namespace keysyncd::ldap
