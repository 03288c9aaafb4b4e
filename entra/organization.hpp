// Graph's organization entity: when the tenant was last synchronised with the directory. Pure.
// No $select in the request: the password sync time is not in every version's type, and naming it there would be a 400.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "entra/entra_user.hpp"

namespace keysyncd::entra {

inline constexpr std::string_view organization_path = "/organization";

/// The error says what was expected.
[[nodiscard]] std::expected<OrganizationSync, std::string> read_organization(std::string_view body);

inline constexpr std::string_view sync_features_path = "/directory/onPremisesSynchronization";

/// onPremisesDirectorySynchronization's features. The error says what was expected.
[[nodiscard]] std::expected<SyncFeatures, std::string> read_sync_features(std::string_view body);

}  // namespace keysyncd::entra
