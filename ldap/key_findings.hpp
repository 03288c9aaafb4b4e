// What is suspicious about a key, from the directory's own data about it and its user: no event log, no Entra. Pure.
// Fingerprints of attack tools and the reasons are those of "shadow credentials" and ADV190026. A finding is a reason
// to look, never a proof. Findings that need all users (the same key twice) or Entra (unmatched) are set by the caller.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "ldap/directory_user.hpp"

namespace keysyncd::ldap {

/// The numbers are stored: never change one.
enum class KeyFinding : std::uint8_t {
    source_ad = 0,  ///< written by no Entra Connect, in a forest where nobody registers keys on premises
    unmatched = 1,  ///< KeySource AzureAD, unknown to Entra
    created_after_write = 2,
    key_hash_wrong = 3,
    tool_fingerprint = 4,
    roca = 5,
    shared_key = 6,  ///< the same key on two users
    protected_account = 7,
    disabled_account = 8,
    short_lived = 9,  ///< added and removed within minutes
};
inline constexpr std::uint8_t key_finding_count = 10;
[[nodiscard]] std::string_view to_string(KeyFinding finding) noexcept;

/// A bit a finding.
using KeyFindings = std::uint32_t;
[[nodiscard]] constexpr KeyFindings bit(KeyFinding finding) noexcept {
    return 1U << static_cast<unsigned>(finding);
}
inline constexpr KeyFindings all_key_findings = (1U << key_finding_count) - 1U;

struct FindingPolicy {
    KeyFindings enabled = all_key_findings;
    bool keys_registered_on_premises = false;  ///< AD FS key registration: KeySource AD is normal here
    std::chrono::seconds clock_slack{300};     ///< between Entra's and a domain controller's clock
    std::chrono::seconds short_lived_below{600};
};

/// What a tool, not Windows or Entra Connect, has left in a value.
enum class ToolMark : std::uint8_t {
    none,
    computer_flags_with_device,  ///< CustomKeyInformation 0102 of a computer key, with a DeviceId: pyWhisker, impacket,
                                 ///< Certipy
    no_last_logon_with_device,   ///< on premises, with a DeviceId, but without entry 8: the same
    time_encoding,               ///< FILETIME where .NET's belongs or the other way round: early impacket
    short_custom_information,    ///< KeySource AzureAD with the two bytes of an on-premises key: a changed copy
    foreign_key_id,              ///< KeyID is not the hash of the material
};
[[nodiscard]] std::string_view to_string(ToolMark mark) noexcept;
[[nodiscard]] ToolMark find_tool_mark(const DirectoryKey& key) noexcept;

/// Of a live key. `written_at`: the latest time at which it can have been written; none while that is unknown.
[[nodiscard]] KeyFindings find_key_findings(const DirectoryKey& key, const DirectoryUser& user,
                                            std::optional<Instant> written_at, const FindingPolicy& policy) noexcept;

/// Of a key that is gone: short_lived or none.
[[nodiscard]] KeyFindings find_key_findings(const EndedKey& key, const FindingPolicy& policy) noexcept;

}  // namespace keysyncd::ldap
