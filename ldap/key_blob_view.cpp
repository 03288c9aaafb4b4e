#include "ldap/key_blob_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "ldap/key_entries.hpp"
#include "ldap/key_times.hpp"
#include "ldap/little_endian.hpp"
#include "ldap/sha256.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::uint32_t version_0 = 0;
constexpr std::uint32_t version_1 = 0x100;
constexpr std::uint32_t version_2 = 0x200;
constexpr std::size_t last_known_entry = 9;
constexpr std::size_t sha256_bytes = 32;

constexpr std::uint32_t bit(EntryId id) noexcept {
    return 1U << static_cast<unsigned>(id);
}

/// What each entry's length must be; 0: any but none at all.
constexpr std::array<std::uint16_t, last_known_entry + 1> usual_length{0, 0, sha256_bytes, 0, 1, 1, 16, 0, 8, 8};

/// Where each known entry is; the first of duplicates counts.
class EntryTable {
  public:
    EntryTable(EntryCursor& cursor, AnomalySet& told) noexcept {
        // Locals: the arrays would keep members in memory.
        AnomalySet anomalies = told;
        std::uint32_t present = 0;
        std::uint32_t previous = 0;
        bool is_usual = true;
        while (const auto entry = cursor.next()) {
            anomalies.add_if(entry->id < previous, Anomaly::entries_unsorted);
            previous = entry->id;
            if (entry->id == 0 || entry->id > last_known_entry) {
                anomalies.add(Anomaly::unknown_entry);
                continue;
            }
            if ((present >> entry->id & 1U) != 0) {
                anomalies.add(Anomaly::duplicate_entry);
                continue;
            }
            present |= 1U << entry->id;
            offsets_[entry->id] = entry->offset;
            lengths_[entry->id] = entry->length;
            const std::uint16_t usual = usual_length[entry->id];
            is_usual = is_usual && (usual == 0 ? entry->length != 0 : entry->length == usual);
        }
        told = anomalies;
        present_ = present;
        is_usual_ = is_usual && (present & mandatory) == mandatory;
    }

    [[nodiscard]] bool has(EntryId id) const noexcept { return (present_ & bit(id)) != 0; }
    /// Of an entry that is there.
    [[nodiscard]] std::size_t offset(EntryId id) const noexcept { return offsets_[static_cast<std::size_t>(id)]; }
    [[nodiscard]] std::uint16_t length(EntryId id) const noexcept { return lengths_[static_cast<std::size_t>(id)]; }
    [[nodiscard]] std::span<const std::byte> value(EntryId id, std::span<const std::byte> blob) const noexcept {
        return blob.subspan(offset(id), length(id));
    }
    /// All that must be there is, and each entry has its usual size: nothing to be looked at again.
    [[nodiscard]] bool is_usual() const noexcept { return is_usual_; }

  private:
    static constexpr std::uint32_t mandatory =
        bit(EntryId::key_id) | bit(EntryId::key_material) | bit(EntryId::key_usage);

    std::array<std::size_t, last_known_entry + 1> offsets_;  // only those of `present_` are set
    std::array<std::uint16_t, last_known_entry + 1> lengths_;
    std::uint32_t present_ = 0;
    bool is_usual_ = false;
};

std::optional<BlobFailure> check_length(const EntryTable& table, EntryId id, std::size_t expected) {
    if (!table.has(id) || table.length(id) == expected) {
        return std::nullopt;
    }
    return BlobFailure{.error = BlobError::bad_length,
                       .offset = table.offset(id),
                       .detail = fmt::format("expected {} of {} byte{}, found {}", to_string(id), expected,
                                             expected == 1 ? "" : "s", table.length(id))};
}

/// The sizes that the specification fixes and the three entries that must be there, with something in them.
std::optional<BlobFailure> check_entries(const EntryTable& table, std::uint32_t version, std::size_t blob_bytes) {
    struct Mandatory {
        EntryId id;
        BlobError error;
    };
    for (const auto& [id, error] : {Mandatory{EntryId::key_id, BlobError::missing_key_id},
                                    Mandatory{EntryId::key_material, BlobError::missing_key_material},
                                    Mandatory{EntryId::key_usage, BlobError::missing_key_usage}}) {
        if (!table.has(id) || table.length(id) == 0) {
            return BlobFailure{.error = error,
                               .offset = table.has(id) ? table.offset(id) : blob_bytes,
                               .detail = fmt::format("expected entry {} ({}), {}", static_cast<unsigned>(id),
                                                     to_string(id), table.has(id) ? "found it empty" : "found none")};
        }
    }
    struct Fixed {
        EntryId id;
        std::size_t bytes;
    };
    for (const auto& [id, bytes] :
         {Fixed{EntryId::key_hash, sha256_bytes}, Fixed{EntryId::key_source, 1}, Fixed{EntryId::device_id, 16},
          Fixed{EntryId::last_logon_time, 8}, Fixed{EntryId::creation_time, 8}}) {
        if (auto failure = check_length(table, id, bytes)) {
            return failure;
        }
    }
    return version == version_2 ? check_length(table, EntryId::key_usage, 1) : std::nullopt;
}

bool is_known(KeyUsage usage) noexcept {
    switch (usage) {
        case KeyUsage::admin_key:
        case KeyUsage::ngc:
        case KeyUsage::stk:
        case KeyUsage::bitlocker_recovery:
        case KeyUsage::other:
        case KeyUsage::fido:
        case KeyUsage::fek:
            return true;
    }
    return false;
}

/// A number, or its name in text as the versions before 2 had it.
KeyUsage read_usage(std::span<const std::byte> value, AnomalySet& anomalies) noexcept {
    if (value.size() == 1) {
        const auto usage = static_cast<KeyUsage>(value.front());
        anomalies.add_if(!is_known(usage), Anomaly::unknown_usage);
        return usage;
    }
    struct Name {
        std::string_view text;
        KeyUsage usage;
    };
    constexpr std::array names{Name{"NGC", KeyUsage::ngc},
                               Name{"STK", KeyUsage::stk},
                               Name{"FIDO", KeyUsage::fido},
                               Name{"FEK", KeyUsage::fek},
                               Name{"AdminKey", KeyUsage::admin_key},
                               Name{"BitlockerRecovery", KeyUsage::bitlocker_recovery},
                               Name{"Other", KeyUsage::other}};
    const std::string_view text{reinterpret_cast<const char*>(value.data()), value.size()};
    const auto* const found = std::ranges::find(names, text, &Name::text);
    anomalies.add_if(found == names.end(), Anomaly::unknown_usage);
    return found == names.end() ? KeyUsage::other : found->usage;
}

// Below, optional values are emplaced, not assigned: an assigned one is written in parts and copied as a whole right
// after, which stalls the processor for longer than reading the field took.

void read_times(KeyBlobView& view, const EntryTable& table, std::span<const std::byte> blob, Instant now) noexcept {
    const TimeEncoding encoding = mandated_time_encoding(view.version, view.source);
    if (table.has(EntryId::creation_time)) {
        const std::uint64_t raw = load_le64(table.value(EntryId::creation_time, blob));
        if (const Instant at = read_creation_time(raw, encoding, now, view.anomalies); at != no_time) {
            view.created_at.emplace(at);
        }
    } else {
        view.anomalies.add(Anomaly::creation_time_missing);
    }
    if (table.has(EntryId::last_logon_time)) {
        view.has_last_logon = true;
        const std::uint64_t raw = load_le64(table.value(EntryId::last_logon_time, blob));
        if (const Instant at = read_last_logon_time(raw, encoding); at != no_time) {
            view.last_logon_at.emplace(at);
        }
    }
}

bool is_digest(std::span<const std::byte> value, const Sha256Digest& digest) noexcept {
    return std::memcmp(value.data(), digest.data(), digest.size()) == 0;
}

void check_hashes(KeyBlobView& view, const EntryTable& table, std::span<const std::byte> blob) {
    // FIDO values carry a credential id, versions before 2 a GUID.
    const bool is_hash_by_rule = view.version == version_2 && view.usage != KeyUsage::fido;
    view.key_id_is_sha256_of_material =
        view.key_id.size() == sha256_bytes && is_digest(view.key_id, sha256(view.material));
    view.anomalies.add_if(is_hash_by_rule && !view.key_id_is_sha256_of_material, Anomaly::key_id_not_sha256);
    if (table.has(EntryId::key_hash)) {
        const auto hash = table.value(EntryId::key_hash, blob);
        const auto covered = blob.subspan(table.offset(EntryId::key_hash) + hash.size());
        view.key_hash_valid = is_digest(hash, sha256(covered));
        view.anomalies.add_if(!*view.key_hash_valid, Anomaly::key_hash_mismatch);
    }
}

/// Its one variable is its result, built where the caller wants it.
std::expected<KeyBlobView, BlobFailure> read_fields(const EntryTable& table, std::uint32_t version,
                                                    AnomalySet anomalies, std::span<const std::byte> blob, Instant now,
                                                    HashChecks hashes) {
    std::expected<KeyBlobView, BlobFailure> result{std::in_place, table.value(EntryId::key_material, blob)};
    KeyBlobView& view = *result;
    view.version = version;
    view.anomalies = anomalies;
    view.key_id = table.value(EntryId::key_id, blob);
    view.usage = read_usage(table.value(EntryId::key_usage, blob), view.anomalies);
    view.anomalies.add_if(version == version_2 && view.usage != KeyUsage::fido && view.key_id.size() != sha256_bytes,
                          Anomaly::key_id_length);
    view.anomalies.add_if(version != version_2, Anomaly::legacy_version);
    view.anomalies.add_if(!table.has(EntryId::key_hash), Anomaly::key_hash_missing);
    view.anomalies.add_if(view.inspected_material.format == MaterialFormat::unknown, Anomaly::unknown_material);
    view.anomalies.add_if(view.inspected_material.malformed, Anomaly::material_malformed);
    if (table.has(EntryId::key_source)) {
        view.has_source = true;
        view.source = static_cast<KeySource>(blob[table.offset(EntryId::key_source)]);
        view.anomalies.add_if(view.source != KeySource::active_directory && view.source != KeySource::azure_ad,
                              Anomaly::unknown_source);
    }
    if (table.has(EntryId::device_id)) {
        const auto device = table.value(EntryId::device_id, blob);
        std::memcpy(view.device_id.emplace().bytes.data(), device.data(), device.size());
    }
    if (table.has(EntryId::custom_key_information)) {
        view.custom_key_information.emplace(table.value(EntryId::custom_key_information, blob));
    }
    // After all else: the source decides the encoding, wherever it stands.
    read_times(view, table, blob, now);
    if (hashes == HashChecks::on) {
        check_hashes(view, table, blob);
    }
    return result;
}

}  // namespace

std::expected<KeyBlobView, BlobFailure> view_key_blob(std::span<const std::byte> blob, Instant now, HashChecks hashes) {
    if (blob.size() < version_bytes) {
        return std::unexpected(
            BlobFailure{.error = BlobError::too_short,
                        .offset = 0,
                        .detail = fmt::format("expected a version of {} bytes, found {}", version_bytes, blob.size())});
    }
    const std::uint32_t version = load_le32(blob);
    if (version != version_2 && version != version_1 && version != version_0) {
        return std::unexpected(BlobFailure{
            .error = BlobError::unsupported_version,
            .offset = 0,
            .detail = fmt::format("expected version 0x00000200 (or 0x00000100 or 0), found {:#010x}", version)});
    }
    AnomalySet anomalies;
    EntryCursor cursor{blob, pads_values(version)};
    const EntryTable table{cursor, anomalies};
    if (cursor.failed()) {
        return std::unexpected(cursor.failure());
    }
    if (!table.is_usual()) {
        if (auto failure = check_entries(table, version, blob.size())) {
            return std::unexpected(*std::move(failure));
        }
    }
    return read_fields(table, version, anomalies, blob, now, hashes);
}

}  // namespace keysyncd::ldap
