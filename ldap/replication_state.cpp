#include "ldap/replication_state.hpp"

#include <algorithm>

#include "ldap/little_endian.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::size_t header_bytes = 16;  // version, reserved, count, reserved

}  // namespace

std::optional<ReplicationState> parse_up_to_date_vector(std::span<const std::byte> value) {
    if (value.size() < header_bytes) {
        return std::nullopt;
    }
    const auto version = load_le32(value);
    const std::size_t count = load_le32(value.subspan(8));
    if (version != 1 && version != 2) {
        return std::nullopt;
    }
    const std::size_t cursor_bytes = version == 1 ? 24 : 32;  // version 2 adds the time of the last sync
    const auto cursors = value.subspan(header_bytes);
    if (count != cursors.size() / cursor_bytes || cursors.size() % cursor_bytes != 0) {
        return std::nullopt;
    }
    ReplicationState state;
    for (std::size_t i = 0; i < count; ++i) {
        const auto cursor = cursors.subspan(i * cursor_bytes, cursor_bytes);
        auto& usn = state[*Guid::from_bytes(cursor.first(16))];
        usn = std::max(usn, load_le64(cursor.subspan(16)));
    }
    return state;
}

void merge(ReplicationState& into, const ReplicationState& from) {
    for (const auto& [origin, usn] : from) {
        auto& known = into[origin];
        known = std::max(known, usn);
    }
}

bool covers(const ReplicationState& state, const ReplicationState& wanted) {
    return std::ranges::all_of(wanted, [&](const auto& cursor) {
        const auto known = state.find(cursor.first);
        return cursor.second == 0 || (known != state.end() && known->second >= cursor.second);
    });
}

}  // namespace keysyncd::ldap
