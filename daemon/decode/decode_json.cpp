#include <fmt/format.h>

#include <bitset>
#include <iterator>

#include "daemon/decode/decode_output.hpp"
#include "daemon/text/printable_text.hpp"
#include "entra/graph_time.hpp"
#include "ldap/hex.hpp"

namespace keysyncd::daemon {
namespace {

std::string time_or_null(const std::optional<ldap::Instant>& at) {
    return at ? fmt::format("\"{}\"", entra::format_rfc3339(*at)) : "null";
}

std::string hex_or_null(const std::optional<std::vector<std::byte>>& bytes) {
    return bytes ? fmt::format("\"{}\"", ldap::encode_hex(*bytes)) : "null";
}

std::string entry_order(const ldap::KeyCredential& key) {
    std::string text;
    for (const auto& entry : key.entries) {
        fmt::format_to(std::back_inserter(text), "{}{}", text.empty() ? "" : ",", entry.id);
    }
    return text;
}

/// An object can tell the length of each identifier once: the first of repeated ones, which is the one that counts.
std::string entry_lengths(const ldap::KeyCredential& key) {
    std::string text;
    std::bitset<256> told;
    for (const auto& entry : key.entries) {
        if (!told.test(entry.id)) {
            told.set(entry.id);
            fmt::format_to(std::back_inserter(text), R"({}"{}":{})", text.empty() ? "" : ",", entry.id, entry.length);
        }
    }
    return text;
}

std::string anomalies(const ldap::KeyCredential& key) {
    std::string text;
    for (const ldap::Anomaly anomaly : key.anomalies) {
        fmt::format_to(std::back_inserter(text), R"({}"{}")", text.empty() ? "" : ",", to_string(anomaly));
    }
    return text;
}

}  // namespace

std::string to_json_line(const DecodedValue& value) {
    const ldap::KeyCredential& key = value.key;
    std::string line;
    auto out = std::back_inserter(line);
    fmt::format_to(out, R"({{"version":"{:#010x}","blob_bytes":{},"entry_order":[{}],"entry_lengths":{{{}}},)",
                   key.version, key.blob_bytes, entry_order(key), entry_lengths(key));
    fmt::format_to(out, R"("key_id":"{}","key_id_is_sha256_of_material":{},"key_hash_valid":{},)",
                   ldap::encode_hex(key.key_id), key.key_id_is_sha256_of_material,
                   key.key_hash_valid ? (*key.key_hash_valid ? "true" : "false") : "null");
    fmt::format_to(out, R"("material_format":"{}","material_bytes":{},)", to_string(key.material_format),
                   key.material_bytes);
    if (key.rsa) {
        fmt::format_to(out, R"("rsa":{{"bits":{},"e":{}}},)", key.rsa->bits, key.rsa->exponent);
    }
    fmt::format_to(out, R"("usage":"{}","source":"{}","device_id":{},"custom_key_information":{},)",
                   to_string(key.usage), to_string(key.source),
                   key.device_id ? fmt::format("\"{}\"", key.device_id->to_string()) : "null",
                   hex_or_null(key.custom_key_information));
    fmt::format_to(out,
                   R"("created_at":{},"last_logon_at":{},"anomalies":[{}],"dn":{}}})"
                   "\n",
                   time_or_null(key.created_at), time_or_null(key.last_logon_at), anomalies(key),
                   value.dn ? json_string(*value.dn) : "null");
    return line;
}

}  // namespace keysyncd::daemon
