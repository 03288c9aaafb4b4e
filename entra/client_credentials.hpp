// OAuth 2.0 client credentials against Entra ID's v2.0 token endpoint
// (learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow). The proof, a secret or a signed
// assertion, is the caller's. One worker thread.
#pragma once

#include <expected>
#include <stop_token>
#include <string>
#include <string_view>

#include "entra/clouds.hpp"
#include "entra/exchange.hpp"
#include "entra/token_source.hpp"

namespace keysyncd::entra {

/// The application, and where it gets its tokens.
struct Application {
    std::string tenant_id;
    std::string client_id;
    Endpoints endpoints;

    [[nodiscard]] std::string token_url() const;
};

/// `proof`: more form fields, already encoded: "client_secret=...".
[[nodiscard]] std::expected<AccessToken, GraphError> request_client_credentials(Exchange& exchange,
                                                                                const Application& application,
                                                                                std::string_view proof,
                                                                                const std::stop_token& stop);

/// {"access_token", "expires_in"} of any token endpoint; expires_in may be a number or a string of digits.
[[nodiscard]] std::expected<AccessToken, GraphError> read_token_answer(std::string_view body);

/// By a client secret.
class SecretFlow final : public TokenFlow {
  public:
    SecretFlow(Exchange& exchange, Application application, std::filesystem::path secret_file);
    [[nodiscard]] std::expected<AccessToken, GraphError> request_token(const std::stop_token& stop) override;

  private:
    Exchange& exchange_;
    Application application_;
    std::filesystem::path secret_file_;
};

}  // namespace keysyncd::entra
