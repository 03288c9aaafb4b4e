#include "ldap/dirsync_round.hpp"

#include <utility>

namespace keysyncd::ldap {
namespace {

constexpr std::int32_t round_bytes = 8 << 20;

}  // namespace

std::expected<DirSyncRound, PollError> ask_dirsync(Connection& connection, const std::string& naming_context,
                                                   const DirSyncRoundRequest& request, const std::stop_token& stop) {
    const std::uint32_t flags = dirsync_flag::incremental_values |
                                (request.access == DirSyncAccess::object_security ? dirsync_flag::object_security : 0U);
    const SearchRequest search{.base = naming_context,
                               .scope = SearchScope::subtree,
                               .filter = request.filter,
                               .attributes = request.attributes,
                               .controls = {{.oid = std::string(dirsync_oid),
                                             .value = encode_dirsync_request(
                                                 {.flags = flags, .most_bytes = round_bytes, .cookie = request.cookie}),
                                             .critical = true}},
                               .limit = connection.limits().page};
    DirSyncRound round;
    auto result = connection.search(
        search,
        [&](const EntryView& entry) {
            round.entries.push_back(entry.copy());
            return true;
        },
        stop);
    if (!result) {
        return std::unexpected(std::move(result.error()));
    }
    round.result = std::move(*result);
    if (round.result.code != result_code::success) {
        return round;
    }
    for (const auto& control : round.result.controls) {
        if (control.oid == dirsync_oid) {
            if (auto answer = decode_dirsync_response(control.value)) {
                round.answer = std::move(*answer);
                return round;
            }
        }
    }
    return std::unexpected(PollError{PollFailure::protocol, connection.server().url(),
                                     "an answer to DirSync came without a cookie that can be read"});
}

std::expected<DirSyncAccess, PollError> probe_dirsync(Connection& connection, const std::string& naming_context,
                                                      const std::stop_token& stop) {
    for (const auto access : {DirSyncAccess::replication_right, DirSyncAccess::object_security}) {
        const auto round = ask_dirsync(
            connection, naming_context,
            {.filter = "(objectGUID=\\00)", .attributes = {"objectGUID"}, .cookie = {}, .access = access}, stop);
        if (!round) {
            return std::unexpected(round.error());
        }
        if (round->result.code == result_code::success) {
            return access;
        }
    }
    return DirSyncAccess::refused;
}

}  // namespace keysyncd::ldap
