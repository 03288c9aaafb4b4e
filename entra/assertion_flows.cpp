#include "entra/assertion_flows.hpp"

#include <fmt/format.h>

#include "config/secret_file.hpp"
#include "entra/client_assertion.hpp"

namespace keysyncd::entra {
namespace {

std::string proof_of(std::string_view assertion) {
    return "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=" +
           percent_encode(assertion);
}

std::unexpected<GraphError> no_token(std::string why) {
    return std::unexpected(GraphError{GraphFailure::token, std::move(why)});
}

std::string day_of(std::chrono::sys_seconds time) {
    return format_rfc3339(time, 0);
}

}  // namespace

CertificateFlow::CertificateFlow(Exchange& exchange, Clock& clock, Application application,
                                 config::ClientCertificate files)
    : exchange_(exchange), clock_(clock), application_(std::move(application)), files_(std::move(files)) {}

std::expected<AccessToken, GraphError> CertificateFlow::request_token(const std::stop_token& stop) {
    const auto certificate = load_signing_certificate(files_);
    if (!certificate) {
        return no_token(certificate.error());
    }
    const Instant now = clock_.now();
    if (now >= certificate->not_after) {
        return no_token(fmt::format("{}: the certificate ended on {}: make a new one and upload it to the application",
                                    files_.certificate_file.string(), day_of(certificate->not_after)));
    }
    if (now < certificate->not_before) {
        return no_token(fmt::format("{}: the certificate is valid only from {}: is this host's clock right?",
                                    files_.certificate_file.string(), day_of(certificate->not_before)));
    }
    const auto assertion = sign_assertion(*certificate, files_.algorithm,
                                          {application_.token_url(), application_.client_id, now, random_id()});
    if (!assertion) {
        return no_token(assertion.error());
    }
    return request_client_credentials(exchange_, application_, proof_of(*assertion), stop);
}

FederatedFlow::FederatedFlow(Exchange& exchange, Application application, std::filesystem::path token_file)
    : exchange_(exchange), application_(std::move(application)), token_file_(std::move(token_file)) {}

std::expected<AccessToken, GraphError> FederatedFlow::request_token(const std::stop_token& stop) {
    const auto assertion = config::read_secret_file(token_file_);
    if (!assertion) {
        return no_token(assertion.error());
    }
    return request_client_credentials(exchange_, application_, proof_of(assertion->expose()), stop);
}

}  // namespace keysyncd::entra
