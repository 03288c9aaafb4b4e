#include "entra/token_flows.hpp"

#include <cstdlib>

#include "entra/assertion_flows.hpp"
#include "entra/client_credentials.hpp"
#include "entra/managed_identity.hpp"
#include "entra/signing_certificate.hpp"

namespace keysyncd::entra {
namespace {

std::string environment_variable(std::string_view name) {
    const char* value = std::getenv(std::string{name}.c_str());
    return value == nullptr ? "" : value;
}

struct MakeFlow {
    const config::EntraSettings& settings;
    const Endpoints& endpoints;
    Exchange& exchange;
    Clock& clock;

    [[nodiscard]] Application application() const { return {settings.tenant_id, settings.client_id, endpoints}; }

    std::unique_ptr<TokenFlow> operator()(const config::ClientSecret& secret) const {
        return std::make_unique<SecretFlow>(exchange, application(), secret.secret_file);
    }
    std::unique_ptr<TokenFlow> operator()(const config::ClientCertificate& files) const {
        return std::make_unique<CertificateFlow>(exchange, clock, application(), files);
    }
    std::unique_ptr<TokenFlow> operator()(const config::FederatedToken& token) const {
        return std::make_unique<FederatedFlow>(exchange, application(), token.token_file);
    }
    std::unique_ptr<TokenFlow> operator()(const config::ManagedIdentity& identity) const {
        return std::make_unique<ManagedIdentityFlow>(exchange, find_identity_host(environment_variable),
                                                     endpoints.resource(), identity.client_id);
    }
};

}  // namespace

std::unique_ptr<TokenFlow> make_token_flow(const config::EntraSettings& settings, const Endpoints& endpoints,
                                           Exchange& exchange, Clock& clock) {
    return std::visit(MakeFlow{settings, endpoints, exchange, clock}, settings.credential);
}

std::optional<std::chrono::sys_seconds> client_certificate_expiry(const config::Credential& credential) {
    const auto* files = std::get_if<config::ClientCertificate>(&credential);
    if (files == nullptr) {
        return std::nullopt;
    }
    const auto certificate = load_signing_certificate(*files);
    return certificate ? std::optional{certificate->not_after} : std::nullopt;
}

}  // namespace keysyncd::entra
