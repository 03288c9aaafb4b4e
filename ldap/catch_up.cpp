#include "ldap/catch_up.hpp"

#include <algorithm>

namespace keysyncd::ldap {

std::expected<bool, PollError> CatchUp::proven(Connection& connection, const std::string& naming_context,
                                               const Guid& invocation_id, std::uint64_t highest_usn,
                                               std::span<const DirectoryCursor> cursors,
                                               std::chrono::steady_clock::time_point now, const std::stop_token& stop) {
    if (proven_) {
        return true;
    }
    if (!begun_) {
        for (const auto& cursor : cursors) {
            merge(read_, {{cursor.invocation_id, cursor.usn}});
        }
        begun_ = true;
    }
    auto entry = connection.read({.base = naming_context, .attributes = {"replUpToDateVector"}}, stop);
    if (!entry) {
        return std::unexpected(std::move(entry.error()));
    }
    here_ = *entry ? parse_up_to_date_vector((*entry)->bytes("replUpToDateVector")).value_or(ReplicationState{})
                   : ReplicationState{};
    ReplicationState known = here_;
    merge(known, {{invocation_id, highest_usn}});
    // Its own past counts only as far as it still has it: a database that was set back is swept anyway.
    ReplicationState wanted = read_;
    wanted.erase(invocation_id);
    // An empty vector: it has never replicated with anybody, so that there is nobody to wait for.
    if (here_.empty() || covers(known, wanted)) {
        proven_ = true;
        waiting_since_.reset();
        return true;
    }
    if (!waiting_since_) {
        waiting_since_ = now;
    }
    if (now - *waiting_since_ >= longest_catch_up) {
        read_.clear();
        proven_ = true;
        waiting_since_.reset();
    }
    return proven_;
}

void CatchUp::read_up_to(const Guid& invocation_id, std::uint64_t newest_usn) {
    merge(read_, here_);
    if (newest_usn != 0) {
        merge(read_, {{invocation_id, newest_usn}});
    }
}

}  // namespace keysyncd::ldap
