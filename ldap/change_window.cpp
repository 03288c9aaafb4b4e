#include "ldap/change_window.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace keysyncd::ldap {
namespace {

PassPlan sweep(std::string reason) {
    return {.kind = PassKind::full_sweep, .reason = std::move(reason)};
}

}  // namespace

std::uint64_t read_up_to(std::span<const DirectoryCursor> cursors, const DatabaseState& now) noexcept {
    const auto known = std::ranges::find(cursors, now.invocation_id, &DirectoryCursor::invocation_id);
    return known == cursors.end() || now.highest_committed_usn < known->usn ? 0 : known->usn;
}

PassPlan plan_pass(std::span<const DirectoryCursor> cursors, const DatabaseState& now, bool sweep_due) {
    if (cursors.empty()) {
        return sweep("first pass");
    }
    const auto known = std::ranges::find(cursors, now.invocation_id, &DirectoryCursor::invocation_id);
    if (known == cursors.end()) {
        const auto same_server = std::ranges::find(cursors, now.server, &DirectoryCursor::server);
        return sweep(same_server == cursors.end()
                         ? "another domain controller"
                         : "the domain controller's database was restored (its invocationId changed)");
    }
    if (now.highest_committed_usn < known->usn) {
        return sweep(fmt::format("the domain controller's database was set back (highestCommittedUSN {} below {})",
                                 now.highest_committed_usn, known->usn));
    }
    if (sweep_due) {
        return sweep("interval");
    }
    if (now.highest_committed_usn == known->usn) {
        return {.kind = PassKind::quiet, .reason = {}};
    }
    return {.kind = PassKind::window, .reason = {}, .first_usn = known->usn + 1};
}

}  // namespace keysyncd::ldap
