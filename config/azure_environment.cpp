#include "config/azure_environment.hpp"

#include <cstdlib>

namespace keysyncd::config {
namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

AzureEnvironment azure_environment() {
    AzureEnvironment found{.tenant_id = variable("AZURE_TENANT_ID"),
                           .client_id = variable("AZURE_CLIENT_ID"),
                           .authority_host = variable("AZURE_AUTHORITY_HOST"),
                           .credential = std::nullopt};
    if (const std::string token = variable("AZURE_FEDERATED_TOKEN_FILE"); !token.empty()) {
        found.credential = FederatedToken{token};
    } else if (const std::string certificate = variable("AZURE_CLIENT_CERTIFICATE_PATH"); !certificate.empty()) {
        ClientCertificate files;
        files.certificate_file = certificate;
        found.credential = std::move(files);
    }
    return found;
}

std::optional<Cloud> cloud_of_authority(std::string_view host) {
    if (host == "login.microsoftonline.com" || host == "login.windows.net") {
        return Cloud::global;
    }
    if (host == "login.microsoftonline.us") {
        return Cloud::usgov;
    }
    if (host == "login.chinacloudapi.cn" || host == "login.partner.microsoftonline.cn") {
        return Cloud::china;
    }
    return std::nullopt;
}

}  // namespace keysyncd::config
