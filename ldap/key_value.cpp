#include "ldap/key_value.hpp"

#include <array>
#include <vector>

#include "ldap/dn_binary.hpp"
#include "ldap/hex.hpp"
#include "ldap/key_blob_view.hpp"
#include "ldap/roca.hpp"
#include "ldap/value_hash.hpp"

namespace keysyncd::ldap {
namespace {

std::vector<std::byte> copy(std::span<const std::byte> bytes) {
    return {bytes.begin(), bytes.end()};
}

constexpr std::string_view not_dn_binary_kind = "dn_binary";

std::unexpected<MalformedValue> not_dn_binary(std::string_view text) {
    const auto bytes = std::as_bytes(std::span{text});
    return std::unexpected(MalformedValue{.kind = std::string{not_dn_binary_kind}, .value_hash = value_hash(bytes)});
}

}  // namespace

std::expected<DirectoryKey, MalformedValue> decode_key_blob(std::span<const std::byte> blob, Instant now,
                                                            HashChecks hashes) {
    const std::uint64_t hash = value_hash(blob);
    const auto view = view_key_blob(blob, now, hashes);
    if (!view) {
        return std::unexpected(MalformedValue{.kind = std::string{to_string(view.error().error)}, .value_hash = hash});
    }
    DirectoryKey key;
    key.key_id = copy(view->key_id);
    key.usage = view->usage;
    key.source = view->source;
    key.device_id = view->device_id;
    key.created_at = view->created_at;
    key.anomalies = view->anomalies.to_vector();
    if (view->custom_key_information) {
        key.custom_key_information = copy(*view->custom_key_information);
    }
    key.has_last_logon = view->has_last_logon;
    key.blob_bytes = blob.size();
    key.value_hash = hash;
    if (const auto& rsa = view->inspected_material.rsa) {
        key.roca_weak = has_roca_fingerprint(rsa->modulus);
    }
    return key;
}

std::expected<DirectoryKey, MalformedValue> decode_key_value(std::string_view text, Instant now, HashChecks hashes) {
    const auto parts = split_dn_binary(text);
    if (!parts) {
        return not_dn_binary(text);
    }
    const std::size_t bytes = parts->hex.size() / 2;
    std::array<std::byte, 2048> usual;  // every NGC value and nearly every FIDO one
    std::vector<std::byte> large;
    std::span<std::byte> blob{usual};
    if (bytes > usual.size()) {
        large.resize(bytes);
        blob = large;
    }
    blob = blob.first(bytes);
    if (!decode_hex(parts->hex, blob)) {
        return not_dn_binary(text);
    }
    return decode_key_blob(blob, now, hashes);
}

std::vector<std::string_view> malformed_kinds() {
    std::vector<std::string_view> kinds{not_dn_binary_kind};
    for (int error = 0; error <= static_cast<int>(BlobError::bad_length); ++error) {
        kinds.push_back(to_string(static_cast<BlobError>(error)));
    }
    return kinds;
}

}  // namespace keysyncd::ldap
