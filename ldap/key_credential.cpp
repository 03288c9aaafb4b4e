#include "ldap/key_credential.hpp"

#include <algorithm>

#include "ldap/key_blob_view.hpp"
#include "ldap/key_entries.hpp"

namespace keysyncd::ldap {
namespace {

std::vector<std::byte> copy(std::span<const std::byte> bytes) {
    return {bytes.begin(), bytes.end()};
}

}  // namespace

bool KeyCredential::has(Anomaly anomaly) const noexcept {
    return std::ranges::find(anomalies, anomaly) != anomalies.end();
}

std::expected<KeyCredential, BlobFailure> decode_key_credential(std::span<const std::byte> blob, Instant now,
                                                                HashChecks hashes) {
    const auto view = view_key_blob(blob, now, hashes);
    if (!view) {
        return std::unexpected(view.error());
    }
    KeyCredential key;
    key.version = view->version;
    key.blob_bytes = blob.size();
    EntryCursor cursor{blob, pads_values(view->version)};
    while (const auto entry = cursor.next()) {
        key.entries.push_back(*entry);
    }
    key.key_id = copy(view->key_id);
    key.key_id_is_sha256_of_material = view->key_id_is_sha256_of_material;
    key.key_hash_valid = view->key_hash_valid;
    key.material_format = view->inspected_material.format;
    key.material_bytes = view->material.size();
    if (const auto& rsa = view->inspected_material.rsa) {
        key.rsa = RsaPublicKey{.bits = rsa->bits, .exponent = rsa->exponent, .modulus = copy(rsa->modulus)};
    }
    key.usage = view->usage;
    key.source = view->source;
    key.has_source = view->has_source;
    key.device_id = view->device_id;
    if (view->custom_key_information) {
        key.custom_key_information = copy(*view->custom_key_information);
    }
    key.created_at = view->created_at;
    key.last_logon_at = view->last_logon_at;
    key.anomalies = view->anomalies.to_vector();
    return key;
}

}  // namespace keysyncd::ldap
