// The AZURE_* variables that Microsoft's SDKs and Kubernetes' workload identity set: defaults for what the entra
// section leaves out. AZURE_CLIENT_SECRET is not among them: here a secret is only ever a file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/settings.hpp"

namespace keysyncd::config {

struct AzureEnvironment {
    std::string tenant_id;                 ///< AZURE_TENANT_ID
    std::string client_id;                 ///< AZURE_CLIENT_ID
    std::string authority_host;            ///< AZURE_AUTHORITY_HOST
    std::optional<Credential> credential;  ///< AZURE_FEDERATED_TOKEN_FILE, else AZURE_CLIENT_CERTIFICATE_PATH
};

[[nodiscard]] AzureEnvironment azure_environment();

/// The cloud whose sign-in this host (in lower case) is; std::nullopt: a private endpoint. The clouds of the United
/// States share one: it is taken for usgov, as by Microsoft's SDKs; usgov_dod has to be written down.
[[nodiscard]] std::optional<Cloud> cloud_of_authority(std::string_view host);

}  // namespace keysyncd::config
