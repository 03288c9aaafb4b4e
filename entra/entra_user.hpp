// A user as Entra ID knows it, with what ties it to Active Directory. Plain data.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "entra/graph_time.hpp"

namespace keysyncd::entra {

struct EntraUser {
    std::string id;
    std::string user_principal_name;
    std::optional<bool> on_premises_sync_enabled;  ///< not true: a cloud-only user, no key will ever be written
    std::string on_premises_security_identifier;   ///< "S-1-5-21-..."
    std::string on_premises_immutable_id;          ///< base64 of mS-DS-ConsistencyGuid or objectGUID
    std::string on_premises_sam_account_name;
    std::string on_premises_domain_name;  ///< DNS name
    std::string on_premises_distinguished_name;
    bool has_provisioning_errors = false;
};

struct OrganizationSync {
    std::optional<bool> sync_enabled;
    std::optional<Instant> last_sync;
    std::optional<Instant> last_password_sync;
};

/// What the tenant's synchronisation is set up to do; none where Graph does not say.
struct SyncFeatures {
    std::optional<bool> password_sync;
    std::optional<bool> device_writeback;
    std::optional<bool> user_writeback;
};

}  // namespace keysyncd::entra
