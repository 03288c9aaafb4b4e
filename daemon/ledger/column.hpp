// How instants, SIDs and GUIDs lie in the ledger's columns.
#pragma once

#include <optional>

#include "daemon/ledger/sqlite.hpp"
#include "daemon/rules/correlation.hpp"

namespace keysyncd::daemon {

[[nodiscard]] inline std::int64_t to_column(Instant at) noexcept {
    return at.time_since_epoch().count();
}

[[nodiscard]] inline std::optional<std::int64_t> to_column(const std::optional<Instant>& at) noexcept {
    return at ? std::optional{to_column(*at)} : std::nullopt;
}

[[nodiscard]] inline std::optional<std::span<const std::byte>> to_column(
    const std::optional<ldap::Guid>& guid) noexcept {
    return guid ? std::optional{std::span<const std::byte>{guid->bytes}} : std::nullopt;
}

[[nodiscard]] inline Instant instant_column(const Statement& row, int column) noexcept {
    return Instant{Ticks{row.integer(column)}};
}

[[nodiscard]] inline std::optional<Instant> optional_instant_column(const Statement& row, int column) noexcept {
    return row.is_null(column) ? std::nullopt : std::optional{instant_column(row, column)};
}

template <typename Enumeration>
[[nodiscard]] Enumeration enumeration_column(const Statement& row, int column) noexcept {
    return static_cast<Enumeration>(row.integer(column));
}

}  // namespace keysyncd::daemon
