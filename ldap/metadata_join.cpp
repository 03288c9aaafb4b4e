#include "ldap/metadata_join.hpp"

#include <algorithm>

#include "ldap/entry.hpp"
#include "ldap/key_value.hpp"
#include "ldap/value_hash.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::string_view key_attribute = "msDS-KeyCredentialLink";

bool is_live_key_row(const ValueMetadata& row) noexcept {
    return equal_names(row.attribute, key_attribute) && !row.deleted_at && row.last_change_at.has_value();
}

DirectoryKey::Write write_of(const ValueMetadata& row) {
    return {.at = *row.last_change_at,
            .first_at = row.created_at.value_or(*row.last_change_at),
            .version = row.version,
            .originating_invocation_id = row.originating_invocation_id};
}

/// Should a value be listed twice, the later write is the one that stands.
void take(DirectoryKey& key, const ValueMetadata& row) {
    if (!key.write || key.write->at < *row.last_change_at) {
        key.write = write_of(row);
    }
}

bool join_by_bytes(std::span<DirectoryKey> keys, const ValueMetadata& row) {
    const std::uint64_t hash = value_hash(*row.value);
    bool joined = false;
    for (DirectoryKey& key : keys) {
        if (key.value_hash == hash && key.blob_bytes == row.value->size()) {
            take(key, row);
            joined = true;
        }
    }
    return joined;
}

/// The one key of that size whose write is unknown; nullptr when there are none or several.
DirectoryKey* only_key_of_size(std::span<DirectoryKey> keys, std::size_t bytes) noexcept {
    DirectoryKey* only = nullptr;
    for (DirectoryKey& key : keys) {
        if (key.blob_bytes == bytes && !key.write) {
            if (only != nullptr) {
                return nullptr;
            }
            only = &key;
        }
    }
    return only;
}

bool join_by_size(std::span<DirectoryKey> keys, std::span<const ValueMetadata> rows, const ValueMetadata& row) {
    const auto of_that_size = std::ranges::count_if(rows, [&row](const ValueMetadata& other) {
        return is_live_key_row(other) && !other.value && other.value_bytes == row.value_bytes;
    });
    DirectoryKey* key = of_that_size == 1 ? only_key_of_size(keys, row.value_bytes) : nullptr;
    if (key == nullptr) {
        return false;
    }
    take(*key, row);
    return true;
}

bool is_live(std::span<const DirectoryKey> keys, const std::vector<std::byte>& value) {
    const std::uint64_t hash = value_hash(value);
    return std::ranges::any_of(
        keys, [&](const DirectoryKey& key) { return key.value_hash == hash && key.blob_bytes == value.size(); });
}

std::optional<EndedKey> ended_key(const ValueMetadata& row, Instant now) {
    const auto key = decode_key_blob(*row.value, now, HashChecks::off);
    if (!key) {
        return std::nullopt;
    }
    return EndedKey{.key_id = key->key_id,
                    .usage = key->usage,
                    .source = key->source,
                    .created_at = key->created_at,
                    .added_at = row.created_at,
                    .removed_at = *row.deleted_at,
                    .version = row.version,
                    .originating_invocation_id = row.originating_invocation_id};
}

}  // namespace

MetadataJoin join_metadata(std::span<DirectoryKey> keys, KeySet key_set, std::span<const ValueMetadata> rows,
                           Instant now) {
    MetadataJoin join;
    for (const ValueMetadata& row : rows) {
        if (is_live_key_row(row) && row.value && !join_by_bytes(keys, row)) {
            ++join.rows_without_key;
        }
    }
    // After those by bytes: what is left is fewer.
    for (const ValueMetadata& row : rows) {
        if (is_live_key_row(row) && !row.value && (key_set != KeySet::whole || !join_by_size(keys, rows, row))) {
            ++join.rows_without_key;
        }
    }
    for (const ValueMetadata& row : rows) {
        if (row.deleted_at && row.value && equal_names(row.attribute, key_attribute) && !is_live(keys, *row.value)) {
            if (auto ended = ended_key(row, now)) {
                join.ended.push_back(*std::move(ended));
            }
        }
    }
    join.keys_without_row =
        static_cast<std::size_t>(std::ranges::count_if(keys, [](const DirectoryKey& key) { return !key.write; }));
    return join;
}

}  // namespace keysyncd::ldap
