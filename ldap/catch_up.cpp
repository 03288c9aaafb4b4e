#include "ldap/catch_up.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace keysyncd::ldap {

CatchUpVerdict CatchUp::judge(const std::optional<ReplicationState>& vector, const DatabaseState& present,
                              std::span<const DirectoryCursor> cursors, Time now) {
    if (!proven_) {
        for (const auto& cursor : cursors) {
            if (!given_up_.contains(cursor.invocation_id)) {
                merge(read_, {{cursor.invocation_id, cursor.newest_usn}});
            }
        }
    }
    // Of its own past only what it still has counts: a database that was set back is swept anyway.
    if (const auto own = read_.find(present.invocation_id); own != read_.end()) {
        own->second = std::min(own->second, present.highest_committed_usn);
    }
    if (!proven_) {
        ReplicationState wanted = read_;
        wanted.erase(present.invocation_id);
        untold_ = false;
        if (!vector) {
            doubt(present, cursors, now);
        } else if (vector->empty() || covers(*vector, wanted)) {
            // An empty one: it has never replicated with anybody, so that there is nobody to wait for.
            proven_ = true;
            doubted_.reset();
        } else {
            doubted_.reset();
            wait_for(wanted, *vector, now);
        }
        if (proven_) {
            waiting_since_.reset();
        }
    }
    const bool may_lag = proven_ && doubted_ == present.invocation_id && now - doubted_since_ < longest_catch_up;
    owes_sweep_ = owes_sweep_ || may_lag;
    return {.caught_up = proven_, .untold = untold_, .may_lag = may_lag, .sweep_due = owes_sweep_ && !may_lag};
}

// Hidden, or never replicated: an attribute that is not there does not say which.
void CatchUp::doubt(const DatabaseState& present, std::span<const DirectoryCursor> cursors, Time now) {
    proven_ = true;
    untold_ = std::ranges::any_of(cursors, [&](const DirectoryCursor& cursor) {
        return cursor.invocation_id != present.invocation_id && cursor.server != present.server;
    });
    if (!untold_) {
        doubted_.reset();
    } else if (doubted_ != present.invocation_id) {
        // The cursor that was stored last tells who was read last.
        const bool came_over = cursors.back().invocation_id != present.invocation_id;
        doubted_ = came_over ? std::optional(present.invocation_id) : std::nullopt;
        doubted_since_ = now;
    }
}

void CatchUp::wait_for(const ReplicationState& wanted, const ReplicationState& vector, Time now) {
    if (!waiting_since_) {
        waiting_since_ = now;
    }
    if (now - *waiting_since_ < longest_catch_up) {
        return;
    }
    for (const auto& origin : wanted) {
        if (!covers(vector, {origin})) {
            given_up_.insert(origin.first);
            read_.erase(origin.first);
        }
    }
    proven_ = true;
}

void CatchUp::read_up_to(const Guid& invocation_id, std::uint64_t newest_usn) {
    merge(read_, {{invocation_id, newest_usn}});
}

void CatchUp::ended(const Guid& invocation_id, const PassStart& pass) {
    given_up_.erase(invocation_id);  // it is back
    if (pass.kind == PassKind::full_sweep && !pass.may_lag) {
        owes_sweep_ = false;
    }
}

std::uint64_t CatchUp::newest_usn(const Guid& invocation_id) const {
    const auto found = read_.find(invocation_id);
    return found == read_.end() ? 0 : found->second;
}

std::vector<std::string> CatchUp::given_up(std::span<const DirectoryCursor> cursors) const {
    std::vector<std::string> servers;
    for (const auto& cursor : cursors) {
        if (given_up_.contains(cursor.invocation_id)) {
            servers.push_back(cursor.server);
        }
    }
    return servers;
}

std::string hidden_vector(const std::string& naming_context, const std::string& account) {
    return fmt::format(
        "the domain controller does not show what it has received from the others (replUpToDateVector of {0}): a key "
        "that has not arrived there yet cannot be told from a removed one; let the account read it: dsacls \"{0}\" /G "
        "\"{1}:RP;replUpToDateVector\"",
        naming_context, account.empty() ? "ACCOUNT" : account);
}

}  // namespace keysyncd::ldap
