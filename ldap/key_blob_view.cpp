#include "ldap/key_blob_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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

/// Where each known entry is; the first of duplicates counts.
class EntryTable {
  public:
    void add(const KeyEntry& entry, AnomalySet& anomalies) noexcept {
        anomalies.add_if(entry.id < previous_, Anomaly::entries_unsorted);
        previous_ = entry.id;
        if (entry.id == 0 || entry.id > last_known_entry) {
            anomalies.add(Anomaly::unknown_entry);
            return;
        }
        KeyEntry& known = entries_[entry.id];
        if (known.id != 0) {
            anomalies.add(Anomaly::duplicate_entry);
            return;
        }
        known = entry;
    }

    /// nullptr when it is not there.
    [[nodiscard]] const KeyEntry* find(EntryId id) const noexcept {
        const KeyEntry& entry = entries_[static_cast<std::size_t>(id)];
        return entry.id == 0 ? nullptr : &entry;
    }

  private:
    std::array<KeyEntry, last_known_entry + 1> entries_{};
    std::uint8_t previous_ = 0;
};

std::span<const std::byte> value_of(const KeyEntry& entry, std::span<const std::byte> blob) noexcept {
    return blob.subspan(entry.offset, entry.length);
}

std::optional<BlobFailure> check_length(const EntryTable& table, EntryId id, std::size_t expected) {
    const KeyEntry* entry = table.find(id);
    if (entry == nullptr || entry->length == expected) {
        return std::nullopt;
    }
    return BlobFailure{.error = BlobError::bad_length,
                       .offset = entry->offset,
                       .detail = fmt::format("expected {} of {} byte{}, found {}", to_string(id), expected,
                                             expected == 1 ? "" : "s", entry->length)};
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
        const KeyEntry* entry = table.find(id);
        if (entry == nullptr || entry->length == 0) {
            return BlobFailure{
                .error = error,
                .offset = entry == nullptr ? blob_bytes : entry->offset,
                .detail = fmt::format("expected entry {} ({}), {}", static_cast<unsigned>(id), to_string(id),
                                      entry == nullptr ? "found none" : "found it empty")};
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

void read_times(KeyBlobView& view, const EntryTable& table, std::span<const std::byte> blob, Instant now) noexcept {
    if (const KeyEntry* created = table.find(EntryId::creation_time)) {
        view.created_at =
            read_creation_time(load_le64(value_of(*created, blob)), view.version, view.source, now, view.anomalies);
    } else {
        view.anomalies.add(Anomaly::creation_time_missing);
    }
    if (const KeyEntry* logon = table.find(EntryId::last_logon_time)) {
        view.has_last_logon = true;
        view.last_logon_at = read_last_logon_time(load_le64(value_of(*logon, blob)), view.version, view.source);
    }
}

void check_hashes(KeyBlobView& view, const KeyEntry* hash, std::span<const std::byte> blob) {
    // FIDO values carry a credential id, versions before 2 a GUID.
    const bool is_hash_by_rule = view.version == version_2 && view.usage != KeyUsage::fido;
    view.key_id_is_sha256_of_material =
        view.key_id.size() == sha256_bytes && std::ranges::equal(sha256(view.material), view.key_id);
    view.anomalies.add_if(is_hash_by_rule && !view.key_id_is_sha256_of_material, Anomaly::key_id_not_sha256);
    if (hash != nullptr) {
        const auto covered = blob.subspan(hash->offset + hash->length);
        view.key_hash_valid = std::ranges::equal(sha256(covered), value_of(*hash, blob));
        view.anomalies.add_if(!*view.key_hash_valid, Anomaly::key_hash_mismatch);
    }
}

KeyBlobView read_fields(const EntryTable& table, std::uint32_t version, std::span<const std::byte> blob,
                        AnomalySet anomalies, Instant now) noexcept {
    KeyBlobView view;
    view.version = version;
    view.anomalies = anomalies;
    view.anomalies.add_if(version != version_2, Anomaly::legacy_version);
    view.key_id = value_of(*table.find(EntryId::key_id), blob);
    view.material = value_of(*table.find(EntryId::key_material), blob);
    view.usage = read_usage(value_of(*table.find(EntryId::key_usage), blob), view.anomalies);
    view.anomalies.add_if(version == version_2 && view.usage != KeyUsage::fido && view.key_id.size() != sha256_bytes,
                          Anomaly::key_id_length);
    view.inspected_material = inspect_key_material(view.material);
    view.anomalies.add_if(view.inspected_material.format == MaterialFormat::unknown, Anomaly::unknown_material);
    view.anomalies.add_if(view.inspected_material.malformed, Anomaly::material_malformed);
    if (const KeyEntry* source = table.find(EntryId::key_source)) {
        view.has_source = true;
        view.source = static_cast<KeySource>(blob[source->offset]);
        view.anomalies.add_if(view.source != KeySource::active_directory && view.source != KeySource::azure_ad,
                              Anomaly::unknown_source);
    }
    if (const KeyEntry* device = table.find(EntryId::device_id)) {
        view.device_id = Guid::from_bytes(value_of(*device, blob));
    }
    if (const KeyEntry* custom = table.find(EntryId::custom_key_information)) {
        view.custom_key_information = value_of(*custom, blob);
    }
    // After all else: the source decides the encoding, wherever it stands.
    read_times(view, table, blob, now);
    return view;
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
    EntryTable table;
    EntryCursor cursor{blob, pads_values(version)};
    while (const auto entry = cursor.next()) {
        table.add(*entry, anomalies);
    }
    if (auto failure = cursor.failure()) {
        return std::unexpected(*std::move(failure));
    }
    if (auto failure = check_entries(table, version, blob.size())) {
        return std::unexpected(*std::move(failure));
    }
    KeyBlobView view = read_fields(table, version, blob, anomalies, now);
    const KeyEntry* hash = table.find(EntryId::key_hash);
    view.anomalies.add_if(hash == nullptr, Anomaly::key_hash_missing);
    if (hashes == HashChecks::on) {
        check_hashes(view, hash, blob);
    }
    return view;
}

}  // namespace keysyncd::ldap
