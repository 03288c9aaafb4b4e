// msDS-KeyCredentialLink's binary part: KEYCREDENTIALLINK_BLOB (MS-ADTS 2.2.20), decoded from untrusted bytes.
// Pure: no I/O, no clock but the one passed in, any thread. The DN-Binary envelope is ldap/dn_binary.hpp.
// What must be there (version, KeyID, KeyMaterial, KeyUsage) is an error when missing; what is merely odd is an
// anomaly.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ldap/guid.hpp"
#include "ldap/time.hpp"

namespace keysyncd::ldap {

/// MS-ADTS 2.2.20.5.2 and, for FIDO and FEK, what real directories hold. Other numbers are kept as they are.
enum class KeyUsage : std::uint8_t {
    admin_key = 0,
    ngc = 1,
    stk = 2,
    bitlocker_recovery = 3,
    other = 4,
    fido = 7,
    fek = 8
};

/// MS-ADTS 2.2.20.5.3. Other numbers are kept as they are.
enum class KeySource : std::uint8_t { active_directory = 0, azure_ad = 1 };

/// "NGC", "FIDO", ...; the number in decimal where it has no name.
[[nodiscard]] std::string to_string(KeyUsage usage);
/// "AD", "AzureAD"; the number in decimal where it has no name.
[[nodiscard]] std::string to_string(KeySource source);

enum class MaterialFormat : std::uint8_t { unknown, bcrypt_rsa, pkcs1_der, spki_der, tpm_pcp, fido_json };
[[nodiscard]] std::string_view to_string(MaterialFormat format) noexcept;

struct RsaPublicKey {
    std::uint32_t bits = 0;
    std::uint64_t exponent = 0;
    std::vector<std::byte> modulus;  ///< big-endian, as stored
};

/// What is odd in a value that still decodes. Each has a stable name, see to_string.
enum class Anomaly : std::uint8_t {
    key_hash_mismatch,  ///< entry 2 is not SHA-256 of what follows it
    key_hash_missing,
    key_id_not_sha256,  ///< usage is not FIDO and KeyID is not SHA-256 of the material
    key_id_length,      ///< usage is not FIDO and KeyID is not 32 bytes
    entries_unsorted,
    duplicate_entry,
    unknown_entry,
    creation_time_missing,
    creation_time_encoding,  ///< the mandated encoding gives a date out of range, another gives one in range
    creation_time_out_of_range,
    creation_time_local_kind,  ///< .NET local kind: needs a time zone that the value does not tell
    unknown_usage,
    unknown_source,
    unknown_material,
    material_malformed,  ///< the format is recognised but its inside does not hold together
    legacy_version,      ///< version 0 or 0x100
};
[[nodiscard]] std::string_view to_string(Anomaly anomaly) noexcept;

struct KeyEntry {
    std::uint8_t id = 0;
    std::size_t offset = 0;  ///< of the value, from the start of the blob
    std::uint16_t length = 0;
};

struct KeyCredential {
    std::uint32_t version = 0;
    std::size_t blob_bytes = 0;
    std::vector<KeyEntry> entries;  ///< in the order of the blob
    std::vector<std::byte> key_id;
    bool key_id_is_sha256_of_material = false;
    std::optional<bool> key_hash_valid;  ///< none when entry 2 is absent
    MaterialFormat material_format = MaterialFormat::unknown;
    std::size_t material_bytes = 0;
    std::optional<RsaPublicKey> rsa;
    KeyUsage usage = KeyUsage::other;
    KeySource source = KeySource::active_directory;
    bool has_source = false;
    std::optional<Guid> device_id;
    std::optional<std::vector<std::byte>> custom_key_information;
    std::optional<Instant> created_at;     ///< by the mandated encoding
    std::optional<Instant> last_logon_at;  ///< none for Entra's constants
    std::vector<Anomaly> anomalies;

    [[nodiscard]] bool has(Anomaly anomaly) const noexcept;
};

enum class BlobError : std::uint8_t {
    too_short,  ///< under 4 bytes: no version
    unsupported_version,
    truncated_header,  ///< one or two bytes left where an entry header needs three
    truncated_value,   ///< an entry is longer than what is left
    missing_key_id,
    missing_key_material,
    missing_key_usage,
    bad_length,  ///< a fixed-size entry (usage, source, device, times, hash) has another size
};
[[nodiscard]] std::string_view to_string(BlobError error) noexcept;

struct BlobFailure {
    BlobError error{};
    std::size_t offset = 0;  ///< from the start of the blob
    std::string detail;      ///< what was expected and what was found, in words
};

/// `hashes` off skips the two SHA-256 computations (key_id_is_sha256_of_material is then false, key_hash_valid none).
enum class HashChecks : bool { off, on };

/// `now` bounds the range of believable creation times.
[[nodiscard]] std::expected<KeyCredential, BlobFailure> decode_key_credential(std::span<const std::byte> blob,
                                                                              Instant now,
                                                                              HashChecks hashes = HashChecks::on);

}  // namespace keysyncd::ldap
