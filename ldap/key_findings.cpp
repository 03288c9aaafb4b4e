#include "ldap/key_findings.hpp"

#include <algorithm>
#include <array>

namespace keysyncd::ldap {
namespace {

bool has(const DirectoryKey& key, Anomaly anomaly) noexcept {
    return std::ranges::find(key.anomalies, anomaly) != key.anomalies.end();
}

bool created_after(const std::optional<Instant>& created_at, const std::optional<Instant>& written_at,
                   const FindingPolicy& policy) noexcept {
    return created_at && written_at && *created_at > *written_at + policy.clock_slack;
}

}  // namespace

std::string_view to_string(KeyFinding finding) noexcept {
    switch (finding) {
        case KeyFinding::source_ad:
            return "source_ad";
        case KeyFinding::unmatched:
            return "unmatched";
        case KeyFinding::created_after_write:
            return "created_after_write";
        case KeyFinding::key_hash_wrong:
            return "key_hash_wrong";
        case KeyFinding::tool_fingerprint:
            return "tool_fingerprint";
        case KeyFinding::roca:
            return "roca";
        case KeyFinding::shared_key:
            return "shared_key";
        case KeyFinding::protected_account:
            return "protected_account";
        case KeyFinding::disabled_account:
            return "disabled_account";
        case KeyFinding::short_lived:
            return "short_lived";
    }
    return "unknown";
}

std::string_view to_string(ToolMark mark) noexcept {
    switch (mark) {
        case ToolMark::none:
            return "none";
        case ToolMark::computer_flags_with_device:
            return "computer_flags_with_device";
        case ToolMark::no_last_logon_with_device:
            return "no_last_logon_with_device";
        case ToolMark::time_encoding:
            return "time_encoding";
        case ToolMark::short_custom_information:
            return "short_custom_information";
        case ToolMark::foreign_key_id:
            return "foreign_key_id";
    }
    return "unknown";
}

ToolMark find_tool_mark(const DirectoryKey& key) noexcept {
    constexpr std::array mfa_not_used{std::byte{0x01}, std::byte{0x02}};
    const bool has_device = key.device_id && !key.device_id->is_zero();
    if (key.source == KeySource::active_directory && has_device) {
        if (std::ranges::equal(key.custom_key_information, mfa_not_used)) {
            return ToolMark::computer_flags_with_device;
        }
        if (!key.has_last_logon) {
            return ToolMark::no_last_logon_with_device;
        }
    }
    if (has(key, Anomaly::creation_time_encoding)) {
        return ToolMark::time_encoding;
    }
    // Entra's own are 4 to 16 bytes long.
    if (key.source == KeySource::azure_ad && key.custom_key_information.size() == 2) {
        return ToolMark::short_custom_information;
    }
    return has(key, Anomaly::key_id_not_sha256) ? ToolMark::foreign_key_id : ToolMark::none;
}

KeyFindings find_key_findings(const DirectoryKey& key, const DirectoryUser& user, std::optional<Instant> written_at,
                              const FindingPolicy& policy) noexcept {
    KeyFindings found = 0;
    const auto add_if = [&found](bool condition, KeyFinding finding) { found |= condition ? bit(finding) : 0U; };
    add_if(key.source == KeySource::active_directory && !policy.keys_registered_on_premises, KeyFinding::source_ad);
    add_if(created_after(key.created_at, written_at, policy), KeyFinding::created_after_write);
    add_if(has(key, Anomaly::key_hash_mismatch), KeyFinding::key_hash_wrong);
    add_if(find_tool_mark(key) != ToolMark::none, KeyFinding::tool_fingerprint);
    add_if((policy.enabled & bit(KeyFinding::roca)) != 0 && key.roca_weak, KeyFinding::roca);
    add_if(user.protected_account, KeyFinding::protected_account);
    add_if(user.disabled, KeyFinding::disabled_account);
    return found & policy.enabled;
}

KeyFindings find_key_findings(const EndedKey& key, const FindingPolicy& policy) noexcept {
    // Above 2 it was added more than once: the time of the last addition is not told.
    const bool short_lived =
        key.version <= 2 && key.added_at && key.removed_at - *key.added_at < policy.short_lived_below;
    return short_lived ? policy.enabled & bit(KeyFinding::short_lived) : 0U;
}

}  // namespace keysyncd::ldap
