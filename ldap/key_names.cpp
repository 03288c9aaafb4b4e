// The stable names of what a key credential holds: in JSON, metrics labels and messages.
#include <string>
#include <string_view>

#include "ldap/key_credential.hpp"

namespace keysyncd::ldap {

std::string to_string(KeyUsage usage) {
    switch (usage) {
        case KeyUsage::admin_key:
            return "AdminKey";
        case KeyUsage::ngc:
            return "NGC";
        case KeyUsage::stk:
            return "STK";
        case KeyUsage::bitlocker_recovery:
            return "BitLockerRecovery";
        case KeyUsage::other:
            return "Other";
        case KeyUsage::fido:
            return "FIDO";
        case KeyUsage::fek:
            return "FEK";
    }
    return std::to_string(static_cast<unsigned>(usage));
}

std::string to_string(KeySource source) {
    switch (source) {
        case KeySource::active_directory:
            return "AD";
        case KeySource::azure_ad:
            return "AzureAD";
    }
    return std::to_string(static_cast<unsigned>(source));
}

std::string_view to_string(MaterialFormat format) noexcept {
    switch (format) {
        case MaterialFormat::unknown:
            return "unknown";
        case MaterialFormat::bcrypt_rsa:
            return "bcrypt_rsa";
        case MaterialFormat::pkcs1_der:
            return "pkcs1_der";
        case MaterialFormat::spki_der:
            return "spki_der";
        case MaterialFormat::tpm_pcp:
            return "tpm_pcp";
        case MaterialFormat::fido_json:
            return "fido_json";
    }
    return "unknown";
}

std::string_view to_string(Anomaly anomaly) noexcept {
    switch (anomaly) {
        case Anomaly::key_hash_mismatch:
            return "key_hash_mismatch";
        case Anomaly::key_hash_missing:
            return "key_hash_missing";
        case Anomaly::key_id_not_sha256:
            return "key_id_not_sha256";
        case Anomaly::key_id_length:
            return "key_id_length";
        case Anomaly::entries_unsorted:
            return "entries_unsorted";
        case Anomaly::duplicate_entry:
            return "duplicate_entry";
        case Anomaly::unknown_entry:
            return "unknown_entry";
        case Anomaly::creation_time_missing:
            return "creation_time_missing";
        case Anomaly::creation_time_encoding:
            return "creation_time_encoding";
        case Anomaly::creation_time_out_of_range:
            return "creation_time_out_of_range";
        case Anomaly::creation_time_local_kind:
            return "creation_time_local_kind";
        case Anomaly::unknown_usage:
            return "unknown_usage";
        case Anomaly::unknown_source:
            return "unknown_source";
        case Anomaly::unknown_material:
            return "unknown_material";
        case Anomaly::material_malformed:
            return "material_malformed";
        case Anomaly::legacy_version:
            return "legacy_version";
    }
    return "unknown";
}

std::string_view to_string(BlobError error) noexcept {
    switch (error) {
        case BlobError::too_short:
            return "too_short";
        case BlobError::unsupported_version:
            return "unsupported_version";
        case BlobError::truncated_header:
            return "truncated_header";
        case BlobError::truncated_value:
            return "truncated_value";
        case BlobError::missing_key_id:
            return "missing_key_id";
        case BlobError::missing_key_material:
            return "missing_key_material";
        case BlobError::missing_key_usage:
            return "missing_key_usage";
        case BlobError::bad_length:
            return "bad_length";
    }
    return "unknown";
}

}  // namespace keysyncd::ldap
