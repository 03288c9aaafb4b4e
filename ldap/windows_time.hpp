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

/// std::nullopt beyond the year 9999.
[[nodiscard]] std::optional<Instant> from_filetime(std::uint64_t filetime) noexcept;

/// Ticks of 100 ns since 0001-01-01. std::nullopt beyond the year 9999.
[[nodiscard]] std::optional<Instant> from_dotnet_ticks(std::uint64_t ticks) noexcept;

struct DotnetTime {
    bool local_kind = false;    ///< to be read in a time zone that the value does not tell: `at` is none
    std::optional<Instant> at;  ///< none beyond the year 9999
};
[[nodiscard]] DotnetTime from_dotnet_binary(std::uint64_t binary) noexcept;

/// Fractions are cut off, offsets ("+0100") applied. std::nullopt for anything that is no such time.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_generalized_time(std::string_view text) noexcept;

/// "2026-01-31T01:42:54Z" as replication metadata in XML has it (MS-DRSR), with or without the Z; always UTC. Fractions
/// are cut off.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_xml_time(std::string_view text) noexcept;

}  // namespace keysyncd::ldap
