// Entries 8 and 9 of a key credential: which of three encodings a time is in follows from version and source
// (DSInternals' KeyCredential.ConvertFromBinaryTime; MS-ADTS 2.2.20.6 tells FILETIME only). Pure. Inline as far as
// sound values go.
#pragma once

#include <chrono>
#include <cstdint>

#include "ldap/anomaly_set.hpp"
#include "ldap/key_credential.hpp"
#include "ldap/time.hpp"
#include "ldap/windows_time.hpp"

namespace keysyncd::ldap {

enum class TimeEncoding : std::uint8_t { dotnet_ticks, dotnet_binary, filetime };

[[nodiscard]] constexpr TimeEncoding mandated_time_encoding(std::uint32_t version, KeySource source) noexcept {
    if (version == 0) {
        return TimeEncoding::dotnet_ticks;
    }
    return version == 0x100 || source == KeySource::azure_ad ? TimeEncoding::dotnet_binary : TimeEncoding::filetime;
}

/// An Instant that stands for none: in registers, where an optional goes through memory in parts.
inline constexpr Instant no_time = Instant::min();

/// None for a local kind and beyond the year 9999.
[[nodiscard]] constexpr Instant read_time(std::uint64_t raw, TimeEncoding encoding) noexcept {
    constexpr std::uint64_t local_bit = 0x8000'0000'0000'0000;
    constexpr std::uint64_t kind_bits = 0xC000'0000'0000'0000;
    if (encoding == TimeEncoding::filetime) {
        return from_filetime(raw).value_or(no_time);
    }
    if (encoding == TimeEncoding::dotnet_binary) {
        raw = (raw & local_bit) != 0 ? UINT64_MAX : raw & ~kind_bits;
    }
    return from_dotnet_ticks(raw).value_or(no_time);
}

/// From 2014, when there was no such key yet, until tomorrow.
[[nodiscard]] constexpr bool is_believable_creation(Instant at, Instant now) noexcept {
    constexpr Instant first{std::chrono::sys_days{std::chrono::year{2014} / 1 / 1}};
    return at >= first && at <= now + std::chrono::days{1};
}

/// What is to be said of a creation time that is not believable; none when it is a zero of its encoding.
[[nodiscard]] Instant judge_creation_time(std::uint64_t raw, TimeEncoding mandated, Instant now,
                                          AnomalySet& anomalies) noexcept;

/// By the mandated encoding; what is odd about it goes into `anomalies`. `now` bounds the believable.
[[nodiscard]] inline Instant read_creation_time(std::uint64_t raw, TimeEncoding mandated, Instant now,
                                                AnomalySet& anomalies) noexcept {
    const Instant at = read_time(raw, mandated);
    return is_believable_creation(at, now) ? at : judge_creation_time(raw, mandated, now, anomalies);
}

/// Whether a time is its encoding's way to say "never": FILETIME 0, and for .NET, as Entra writes it, the year 1.
[[nodiscard]] constexpr bool is_absent_time(std::uint64_t raw, Instant at, TimeEncoding encoding) noexcept {
    constexpr Instant year_2{std::chrono::sys_days{std::chrono::year{2} / 1 / 1}};
    return encoding == TimeEncoding::filetime ? raw == 0 : at != no_time && at < year_2;
}

/// None for zero and for Entra's constants, which tell nothing.
[[nodiscard]] constexpr Instant read_last_logon_time(std::uint64_t raw, TimeEncoding mandated) noexcept {
    const Instant at = read_time(raw, mandated);
    return is_absent_time(raw, at, mandated) ? no_time : at;
}

}  // namespace keysyncd::ldap
