// A KEYCREDENTIALLINK_BLOB read in place: every field of it, nothing copied, nothing allocated unless it is refused.
// decode_key_credential copies it out whole, decode_key_blob what the daemon keeps. Pure. MS-ADTS 2.2.20.
// The view lives as long as the bytes it was made from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "ldap/anomaly_set.hpp"
#include "ldap/key_credential.hpp"
#include "ldap/key_material.hpp"

namespace keysyncd::ldap {

struct KeyBlobView {
    /// Reads the material; all else is the decoder's to fill in.
    explicit KeyBlobView(std::span<const std::byte> key_material) noexcept
        : material{key_material}, inspected_material{inspect_key_material(key_material)} {}

    std::uint32_t version = 0;
    std::span<const std::byte> key_id;
    std::span<const std::byte> material;
    KeyMaterial inspected_material;
    bool key_id_is_sha256_of_material = false;
    std::optional<bool> key_hash_valid;
    KeyUsage usage = KeyUsage::other;
    KeySource source = KeySource::active_directory;
    bool has_source = false;
    bool has_last_logon = false;
    std::optional<Guid> device_id;
    std::optional<std::span<const std::byte>> custom_key_information;
    std::optional<Instant> created_at;
    std::optional<Instant> last_logon_at;
    AnomalySet anomalies;
};

[[nodiscard]] std::expected<KeyBlobView, BlobFailure> view_key_blob(std::span<const std::byte> blob, Instant now,
                                                                    HashChecks hashes);

/// Version 0 pads its values.
[[nodiscard]] constexpr bool pads_values(std::uint32_t version) noexcept {
    return version == 0;
}

}  // namespace keysyncd::ldap
