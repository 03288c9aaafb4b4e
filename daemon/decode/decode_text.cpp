#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "daemon/decode/decode_output.hpp"
#include "daemon/text/printable_text.hpp"
#include "entra/graph_time.hpp"
#include "ldap/custom_key_information.hpp"
#include "ldap/hex.hpp"

namespace keysyncd::daemon {
namespace {

void add_line(std::string& text, std::string_view name, std::string_view what) {
    fmt::format_to(std::back_inserter(text), "  {:<15}{}\n", name, what);
}

std::string time_or_none(const std::optional<ldap::Instant>& at) {
    return at ? entra::format_rfc3339(*at) : "none";
}

std::string material(const ldap::KeyCredential& key) {
    std::string text = fmt::format("{}, {} bytes", to_string(key.material_format), key.material_bytes);
    if (key.rsa) {
        text += fmt::format(", RSA {} bits, exponent {}", key.rsa->bits, key.rsa->exponent);
    }
    return text;
}

std::string_view key_hash(const ldap::KeyCredential& key) {
    return !key.key_hash_valid ? "absent" : *key.key_hash_valid ? "valid" : "WRONG";
}

std::string custom_key_information(const std::vector<std::byte>& bytes) {
    const auto info = ldap::read_custom_key_information(bytes);
    std::string text = ldap::encode_hex(bytes);
    if (info.version) {
        text += fmt::format(" (version {}", *info.version);
        text += info.has_flag(ldap::CustomKeyInformation::attestation) ? ", attested" : "";
        text += info.has_flag(ldap::CustomKeyInformation::mfa_not_used) ? ", MFA not used" : "";
        if (info.key_strength && *info.key_strength != 0) {
            text += *info.key_strength == 1 ? ", weak" : ", normal strength";
        }
        text += ')';
    }
    return text;
}

std::string entries(const ldap::KeyCredential& key) {
    std::string text;
    for (const auto& entry : key.entries) {
        fmt::format_to(std::back_inserter(text), "{}{}:{}", text.empty() ? "" : " ", entry.id, entry.length);
    }
    return text;
}

std::string anomalies(const ldap::KeyCredential& key) {
    std::string text;
    for (const ldap::Anomaly anomaly : key.anomalies) {
        fmt::format_to(std::back_inserter(text), "{}{}", text.empty() ? "" : ", ", to_string(anomaly));
    }
    return text.empty() ? "none" : text;
}

}  // namespace

std::string to_text(const DecodedValue& value, std::size_t number) {
    const ldap::KeyCredential& key = value.key;
    std::string text = fmt::format("value {}\n", number);
    add_line(text, "key id",
             ldap::encode_hex(key.key_id) + (key.key_id_is_sha256_of_material ? " (SHA-256 of the material)" : ""));
    add_line(text, "usage", to_string(key.usage));
    add_line(text, "source", to_string(key.source) + (key.has_source ? "" : " (not stated)"));
    add_line(text, "device", key.device_id ? key.device_id->to_string() : "none");
    add_line(text, "created", time_or_none(key.created_at));
    add_line(text, "last logon", time_or_none(key.last_logon_at));
    add_line(text, "material", material(key));
    add_line(text, "key hash", key_hash(key));
    add_line(text, "custom info",
             key.custom_key_information ? custom_key_information(*key.custom_key_information) : "none");
    add_line(text, "blob", fmt::format("version {:#010x}, {} bytes", key.version, key.blob_bytes));
    add_line(text, "entries", entries(key));
    add_line(text, "anomalies", anomalies(key));
    add_line(text, "dn", value.dn ? printable(*value.dn) : "none");
    return text;
}

}  // namespace keysyncd::daemon
