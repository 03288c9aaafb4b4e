// What one search entry says about a user and its keys: the only thing that ldap/ hands to its callers per object.
// Plain data, moved from the domain's worker thread to the ledger's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ldap/guid.hpp"
#include "ldap/key_credential.hpp"
#include "ldap/sid.hpp"
#include "ldap/time.hpp"

namespace keysyncd::ldap {

/// One live value of msDS-KeyCredentialLink that decoded.
struct DirectoryKey {
    std::vector<std::byte> key_id;
    KeyUsage usage = KeyUsage::other;
    KeySource source = KeySource::active_directory;
    std::optional<Guid> device_id;
    std::optional<Instant> created_at;
    std::vector<Anomaly> anomalies;
    std::vector<std::byte> custom_key_information;
    bool has_last_logon = false;  ///< entry 8 is there (tool fingerprints)
    std::size_t blob_bytes = 0;
    std::uint64_t value_hash = 0;  ///< of the whole value: joins replication metadata and tells equal values
    bool roca_weak = false;        ///< an RSA modulus with ROCA's fingerprint

    /// Exact write, where msDS-ReplValueMetaData named it.
    struct Write {
        Instant at;                 ///< ftimeLastOriginatingChange, whole seconds
        Instant first_at;           ///< ftimeCreated
        std::uint32_t version = 1;  ///< above 1: deleted and added again
        Guid originating_invocation_id;
    };
    std::optional<Write> write;
};

/// A value that did not decode. `kind` is one of a closed set of short names (a BlobError's, or "dn_binary").
struct MalformedValue {
    std::string kind;
    std::uint64_t value_hash = 0;
};

/// A key that was a value once: replication metadata keeps the row of a deleted value for months.
struct EndedKey {
    std::vector<std::byte> key_id;
    KeyUsage usage = KeyUsage::other;
    KeySource source = KeySource::active_directory;
    std::optional<Instant> created_at;
    std::optional<Instant> added_at;  ///< first originating update
    Instant removed_at;
    std::uint32_t version = 2;       ///< above 2: added and removed more than once
    Guid originating_invocation_id;  ///< of the removal
};

enum class KeySet : std::uint8_t {
    whole,        ///< `keys` is every live value of the user
    incremental,  ///< `keys` were added, `removed_keys` were removed, others are as they were (DirSync)
};

struct DirectoryUser {
    Guid object_guid;
    Sid object_sid;                        ///< empty where it could not be read
    std::optional<Guid> consistency_guid;  ///< mS-DS-ConsistencyGuid
    std::string dn;
    std::string user_principal_name;
    std::string sam_account_name;
    bool protected_account = false;                        ///< adminCount=1
    bool disabled = false;                                 ///< userAccountControl bit 2
    bool deleted = false;                                  ///< a tombstone: the user is gone
    std::optional<std::chrono::sys_seconds> when_changed;  ///< on the domain controller asked
    std::uint64_t usn_changed = 0;
    KeySet key_set = KeySet::whole;
    std::vector<DirectoryKey> keys;
    std::vector<std::vector<std::byte>> removed_keys;  ///< key ids; only with KeySet::incremental
    std::vector<MalformedValue> malformed;
    std::vector<EndedKey> ended_keys;  ///< only where replication metadata was read
};

}  // namespace keysyncd::ldap
