// Tokens by an assertion instead of a secret: signed with the application's certificate, or issued by a federated
// identity provider (workload identity) and found in a file that is renewed all the time. One worker thread.
#pragma once

#include <filesystem>

#include "config/settings.hpp"
#include "entra/client_credentials.hpp"
#include "entra/clock.hpp"

namespace keysyncd::entra {

class CertificateFlow final : public TokenFlow {
  public:
    CertificateFlow(Exchange& exchange, Clock& clock, Application application, config::ClientCertificate files);
    [[nodiscard]] std::expected<AccessToken, GraphError> request_token(const std::stop_token& stop) override;

  private:
    Exchange& exchange_;
    Clock& clock_;
    Application application_;
    config::ClientCertificate files_;
};

class FederatedFlow final : public TokenFlow {
  public:
    FederatedFlow(Exchange& exchange, Application application, std::filesystem::path token_file);
    [[nodiscard]] std::expected<AccessToken, GraphError> request_token(const std::stop_token& stop) override;

  private:
    Exchange& exchange_;
    Application application_;
    std::filesystem::path token_file_;
};

}  // namespace keysyncd::entra
