#include "ldap/key_times.hpp"

#include <chrono>

#include "ldap/windows_time.hpp"

namespace keysyncd::ldap {
namespace {

enum class Encoding : std::uint8_t { dotnet_ticks, dotnet_binary, filetime };

struct Reading {
    bool local_kind = false;
    bool absent = false;  ///< a zero of that encoding
    std::optional<Instant> at;
};

constexpr std::uint32_t version_0 = 0;
constexpr std::uint32_t version_1 = 0x100;
constexpr Instant year_2{std::chrono::sys_days{std::chrono::year{2} / 1 / 1}};
constexpr Instant first_believable{std::chrono::sys_days{std::chrono::year{2014} / 1 / 1}};

Encoding mandated_encoding(std::uint32_t version, KeySource source) noexcept {
    if (version == version_0) {
        return Encoding::dotnet_ticks;
    }
    return version == version_1 || source == KeySource::azure_ad ? Encoding::dotnet_binary : Encoding::filetime;
}

Reading read(std::uint64_t raw, Encoding encoding) noexcept {
    if (encoding == Encoding::filetime) {
        return {.local_kind = false, .absent = raw == 0, .at = from_filetime(raw)};
    }
    const DotnetTime time = encoding == Encoding::dotnet_binary
                                ? from_dotnet_binary(raw)
                                : DotnetTime{.local_kind = false, .at = from_dotnet_ticks(raw)};
    return {.local_kind = time.local_kind, .absent = time.at && *time.at < year_2, .at = time.at};
}

bool is_believable(const Reading& reading, Instant now) noexcept {
    return reading.at && *reading.at >= first_believable && *reading.at <= now + std::chrono::days{1};
}

}  // namespace

std::optional<Instant> read_creation_time(std::uint64_t raw, std::uint32_t version, KeySource source, Instant now,
                                          AnomalySet& anomalies) noexcept {
    const Encoding mandated = mandated_encoding(version, source);
    const Reading reading = read(raw, mandated);
    if (is_believable(reading, now)) {
        return reading.at;
    }
    if (reading.absent) {
        anomalies.add(Anomaly::creation_time_missing);
        return std::nullopt;
    }
    anomalies.add_if(reading.local_kind, Anomaly::creation_time_local_kind);
    // Ticks are the binary form of an unspecified kind: two other encodings to try are all there are.
    const Encoding other = mandated == Encoding::filetime ? Encoding::dotnet_binary : Encoding::filetime;
    if (is_believable(read(raw, other), now)) {
        anomalies.add(Anomaly::creation_time_encoding);
    } else if (mandated == Encoding::dotnet_ticks && is_believable(read(raw, Encoding::dotnet_binary), now)) {
        anomalies.add(Anomaly::creation_time_encoding);
    } else if (!reading.local_kind) {
        anomalies.add(Anomaly::creation_time_out_of_range);
    }
    return reading.at;
}

std::optional<Instant> read_last_logon_time(std::uint64_t raw, std::uint32_t version, KeySource source) noexcept {
    const Reading reading = read(raw, mandated_encoding(version, source));
    return reading.absent ? std::nullopt : reading.at;
}

}  // namespace keysyncd::ldap
