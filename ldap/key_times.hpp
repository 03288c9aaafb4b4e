// Entries 8 and 9 of a key credential: which of three encodings a time is in follows from version and source
// (DSInternals' KeyCredential.ConvertFromBinaryTime; MS-ADTS 2.2.20.6 tells FILETIME only). Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "ldap/anomaly_set.hpp"
#include "ldap/key_credential.hpp"
#include "ldap/time.hpp"

namespace keysyncd::ldap {

/// By the mandated encoding; what is odd about it goes into `anomalies`. `now` bounds the believable.
[[nodiscard]] std::optional<Instant> read_creation_time(std::uint64_t raw, std::uint32_t version, KeySource source,
                                                        Instant now, AnomalySet& anomalies) noexcept;

/// None for zero and for Entra's constants in the year 1, which tell nothing.
[[nodiscard]] std::optional<Instant> read_last_logon_time(std::uint64_t raw, std::uint32_t version,
                                                          KeySource source) noexcept;

}  // namespace keysyncd::ldap
