// The ledger's rows as plain structs. The enumerators' numbers are on disk: never renumber.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/rules/correlation.hpp"
#include "entra/registration_event.hpp"
#include "ldap/directory_user.hpp"

namespace keysyncd::daemon {

using DomainId = std::int64_t;
using UserId = std::int64_t;
using RegistrationId = std::int64_t;

struct DomainRow {
    DomainId id = 0;
    std::string name;
    ldap::Sid sid;
    std::string base_dn;
    Instant baseline_before;
    bool first_pass_done = false;
    std::optional<Instant> last_pass;
    std::optional<Instant> last_sweep;
    std::optional<Instant> last_write;
    std::optional<Instant> last_cloud_write;
    bool fido_written_back = false;
};

enum UserFlag : std::uint32_t {
    user_protected = 1,
    user_disabled = 2,
    user_without_keys = 4,  ///< deleted, or its last key is gone: full sweeps don't return it
};

struct UserRow {
    UserId id = 0;
    DomainId domain_id = 0;
    ldap::Guid guid;
    std::uint32_t rid = 0;
    std::optional<ldap::Guid> consistency_guid;
    std::string dn;
    std::string upn;
    std::string sam;
    std::uint32_t flags = 0;
    std::int64_t fingerprint = 0;
};

/// States that a key in the directory can have; the others belong to registrations.
enum class KeyState : std::uint8_t { synced = 0, unmatched = 1, local = 2, removed = 3 };

struct KeyRow {
    UserId user_id = 0;
    std::vector<std::byte> key_id;
    ldap::KeyUsage usage = ldap::KeyUsage::other;
    ldap::KeySource source = ldap::KeySource::active_directory;
    KeyState state = KeyState::synced;
    std::optional<Instant> created_at;
    std::optional<Instant> written_earliest;
    std::optional<Instant> written_latest;
    metrics::Precision precision = metrics::Precision::bounded;
    std::optional<Ticks> delay;
    std::optional<Instant> removed_at;
    std::optional<RegistrationId> registration_id;
    std::optional<ldap::Guid> device_id;
    std::uint32_t findings = 0;
    bool deletion_known = false;
};

enum class RegistrationState : std::uint8_t {
    unresolved = 0,  ///< whose key it is is not known yet
    pending = 1,
    arrived = 2,
    withdrawn = 3,
    out_of_scope = 4,  ///< of a cloud-only user, of a domain that is not watched, or told by another row already
};

struct RegistrationRow {
    RegistrationId id = 0;
    std::string event_id;
    std::string entra_user_id;
    std::string upn;
    entra::KeyKind kind = entra::KeyKind::ngc;
    Instant registered_at;
    RegistrationState state = RegistrationState::unresolved;
    std::optional<DomainId> domain_id;
    std::optional<std::uint32_t> rid;
    AccountFinding account = AccountFinding::unknown;
    std::optional<Instant> looked_up_at;
    std::string method_id;            ///< of the authentication method, once Entra has shown it
    std::string strength;             ///< as Entra tells it: "normal", "weak"; empty where it does not
    std::optional<Instant> asked_at;  ///< Entra's methods, with an answer
    std::optional<Instant> known_at;  ///< that showed it
};

struct DeletionRow {
    std::string event_id;
    std::string entra_user_id;
    std::string upn;
    entra::KeyKind kind = entra::KeyKind::ngc;
    Instant deleted_at;
};

enum class Scope : std::uint8_t { watched = 0, cloud_only = 1, other_domain = 2, unknown_user = 3 };

struct EntraUserRow {
    std::string id;
    std::string upn;
    Scope scope = Scope::watched;
    std::optional<DomainId> domain_id;
    std::optional<std::uint32_t> rid;
    std::optional<ldap::Guid> immutable_id;
    bool provisioning_errors = false;
    Instant fetched_at;
};

}  // namespace keysyncd::daemon
