// One pass over a domain controller's users by uSNChanged: a full sweep or a window, and the proof that its answer can
// be believed. On the connection's worker thread.
#pragma once

#include <cstdint>
#include <expected>
#include <stop_token>
#include <string>
#include <vector>

#include "ldap/change_window.hpp"
#include "ldap/connection.hpp"
#include "ldap/domain_reader.hpp"
#include "ldap/rights_proof.hpp"
#include "ldap/root_dse.hpp"
#include "ldap/write_times.hpp"

namespace keysyncd::ldap {

/// What a pass leaves behind, besides what the sink was handed.
struct PassOutcome {
    std::uint64_t entries = 0;
    std::vector<std::string> warnings;
    std::string dirsync_cookie;  ///< of a pass by DirSync
    std::vector<Guid> hidden{};  ///< bereft users whose keys may still be there
};

/// What every pass needs.
struct PassContext {
    Connection& connection;
    const RootDse& root;
    const std::string& base_dn;
    const std::string& narrowing_filter;
    RightsProof& proof;
    WriteTimes& write_times;
    PassSink& sink;
    std::uint64_t& newest_usn;  ///< of the users handed over
    const std::stop_token& stop;
};

/// Hands users to the sink, with the exact writes of those that it calls news. False: the sink wants no more.
[[nodiscard]] std::expected<bool, PollError> deliver(const PassContext& context, std::vector<DirectoryUser>&& batch);

/// After everything was handed over and the answer is proven: looks for the users that would lose all their keys.
[[nodiscard]] std::expected<PassOutcome, PollError> with_losses_proven(const PassContext& context, PassOutcome outcome);

/// The sink has been told of the pass. Hands over no user of a quiet one.
[[nodiscard]] std::expected<PassOutcome, PollError> read_by_usn(const PassContext& context, const PassPlan& plan);

}  // namespace keysyncd::ldap
