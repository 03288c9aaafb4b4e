// The ways in which a directory writes a time, into one Instant. Pure.
// FILETIME: MS-DTYP 2.3.3. .NET DateTime.ToBinary: 2 bits of kind, 62 bits of ticks. GeneralizedTime: RFC 4517 3.3.13,
// of which Active Directory writes "20260131014254.0Z".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "ldap/time.hpp"

namespace keysyncd::ldap {

namespace windows_epoch {
inline constexpr std::uint64_t dotnet = 621'355'968'000'000'000;        ///< 1970-01-01 in ticks since 0001-01-01
inline constexpr std::uint64_t filetime = 116'444'736'000'000'000;      ///< 1970-01-01 in ticks since 1601-01-01
inline constexpr std::uint64_t dotnet_end = 3'155'378'976'000'000'000;  ///< 10000-01-01 in ticks since 0001-01-01
}  // namespace windows_epoch

/// Ticks of 100 ns since 0001-01-01. std::nullopt beyond the year 9999.
[[nodiscard]] constexpr std::optional<Instant> from_dotnet_ticks(std::uint64_t ticks) noexcept {
    if (ticks >= windows_epoch::dotnet_end) {
        return std::nullopt;
    }
    return Instant{Ticks{static_cast<std::int64_t>(ticks) - static_cast<std::int64_t>(windows_epoch::dotnet)}};
}

/// std::nullopt beyond the year 9999.
[[nodiscard]] constexpr std::optional<Instant> from_filetime(std::uint64_t filetime) noexcept {
    constexpr std::uint64_t year_1601 = windows_epoch::dotnet - windows_epoch::filetime;
    return filetime < windows_epoch::dotnet_end ? from_dotnet_ticks(filetime + year_1601) : std::nullopt;
}

struct DotnetTime {
    bool local_kind = false;    ///< to be read in a time zone that the value does not tell: `at` is none
    std::optional<Instant> at;  ///< none beyond the year 9999
};
[[nodiscard]] constexpr DotnetTime from_dotnet_binary(std::uint64_t binary) noexcept {
    constexpr std::uint64_t local_bit = 0x8000'0000'0000'0000;
    constexpr std::uint64_t tick_bits = 0x3FFF'FFFF'FFFF'FFFF;
    if ((binary & local_bit) != 0) {
        return {.local_kind = true, .at = std::nullopt};
    }
    return {.local_kind = false, .at = from_dotnet_ticks(binary & tick_bits)};
}

/// Fractions are cut off, offsets ("+0100") applied. std::nullopt for anything that is no such time.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_generalized_time(std::string_view text) noexcept;

/// "2026-01-31T01:42:54Z" as replication metadata in XML has it (MS-DRSR), with or without the Z; always UTC. Fractions
/// are cut off.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_xml_time(std::string_view text) noexcept;

}  // namespace keysyncd::ldap
