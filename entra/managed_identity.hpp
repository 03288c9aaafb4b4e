// Tokens of a managed identity: from the instance metadata service of an Azure VM, or from the Azure Arc agent, which
// proves that we may read a root-owned file before it answers
// (learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication). Plain HTTP on the host, never by a
// proxy. One worker thread.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "entra/exchange.hpp"
#include "entra/token_source.hpp"

namespace keysyncd::entra {

/// Where this host's identity is served.
struct IdentityHost {
    std::string imds_url = "http://169.254.169.254";
    std::string arc_url;  ///< the whole token URL; empty: not an Arc machine
    std::filesystem::path arc_key_directory = "/var/opt/azcmagent/tokens";
};

/// By the variables that the Azure SDKs use (IDENTITY_ENDPOINT with IMDS_ENDPOINT, AZURE_POD_IDENTITY_AUTHORITY_HOST)
/// and by the Arc agent's presence. `variable` gives an environment variable or "".
[[nodiscard]] IdentityHost find_identity_host(const std::function<std::string(std::string_view)>& variable);

/// The key file that an Arc challenge names. The error tells why it is not trusted: only a file directly in the agent's
/// own directory, with its suffix, is ever read. Pure.
[[nodiscard]] std::expected<std::filesystem::path, std::string> arc_key_file(std::string_view challenge,
                                                                             const std::filesystem::path& directory);

class ManagedIdentityFlow final : public TokenFlow {
  public:
    /// `client_id`: of a user-assigned identity; empty: the system-assigned one.
    ManagedIdentityFlow(Exchange& exchange, IdentityHost host, std::string resource, std::string client_id);
    [[nodiscard]] std::expected<AccessToken, GraphError> request_token(const std::stop_token& stop) override;

  private:
    [[nodiscard]] std::expected<Response, GraphError> get(const std::string& url, std::string_view authorization,
                                                          const std::stop_token& stop);
    [[nodiscard]] std::expected<AccessToken, GraphError> ask_imds(const std::stop_token& stop);
    [[nodiscard]] std::expected<AccessToken, GraphError> ask_arc(const std::stop_token& stop);

    Exchange& exchange_;
    IdentityHost host_;
    std::string resource_;
    std::string client_id_;
};

}  // namespace keysyncd::entra
