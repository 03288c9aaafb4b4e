// RFC 3339 date-times as Microsoft Graph, Event Hub exports and our own output write them. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>

namespace keysyncd::entra {

/// 100 ns since 1970, UTC: Graph's own resolution.
using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;
using Instant = std::chrono::sys_time<Ticks>;

/// "2026-01-09T21:20:02.7215374Z", offsets "+00:00", any number of fraction digits (beyond 7 cut off). Case of T and Z
/// does not matter. std::nullopt for anything else, impossible dates included.
[[nodiscard]] std::optional<Instant> parse_rfc3339(std::string_view text) noexcept;

/// With `fraction_digits` (0 to 7) and Z.
[[nodiscard]] std::string format_rfc3339(Instant at, int fraction_digits = 7);

}  // namespace keysyncd::entra
