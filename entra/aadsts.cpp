#include "entra/aadsts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>

#include "entra/json_access.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 17> mends{{
    {"7000215", "the secret is wrong: put the secret's value, not its id, into the secret file"},
    {"7000222", "the secret has expired: make a new one for the application and put it into the secret file"},
    {"7000216", "the application needs a secret or a certificate: see entra.credential"},
    {"700016", "no such application in this tenant: check entra.client_id and entra.tenant_id"},
    {"700027", "the certificate is not registered with the application, or has expired: upload certificate_file"},
    {"700024", "the assertion's time is off: is this host's clock right?"},
    {"7000229", "the application has no service principal in this tenant: grant admin consent"},
    {"7000112", "the application is disabled in this tenant: enable sign-in for its enterprise application"},
    {"90002", "no such tenant: check entra.tenant_id and entra.cloud"},
    {"900023", "entra.tenant_id is neither a GUID nor a domain name of the tenant"},
    {"9002313", "the request was malformed: check entra.tenant_id and entra.client_id"},
    {"70011", "the scope is not known here: do entra.cloud, authority_url and graph_url belong together?"},
    {"500011", "Graph is not known under this name in the tenant: check entra.cloud and entra.graph_url"},
    {"65001", "consent is missing: grant admin consent for the application's permissions"},
    {"53003", "a Conditional Access policy for workload identities blocks the sign-in: allow this host's address"},
    {"700211", "no federated credential matches the token's issuer: check the application's federated credentials"},
    {"700213", "no federated credential matches the token's subject: check the application's federated credentials"},
}};

/// The digits after "AADSTS".
std::string_view code_in(std::string_view description) {
    constexpr std::string_view prefix = "AADSTS";
    const std::size_t start = description.find(prefix);
    if (start == std::string_view::npos) {
        return {};
    }
    const std::string_view rest = description.substr(start + prefix.size());
    return rest.substr(0, std::min(rest.find_first_not_of("0123456789"), rest.size()));
}

/// The description without the trace ids and the time stamp that Microsoft appends.
std::string_view without_trace(std::string_view description) {
    return description.substr(0, std::min(description.find("Trace ID"), description.size()));
}

}  // namespace

std::string_view token_error_mend(std::string_view code) noexcept {
    const auto* found = std::ranges::find(mends, code, &std::pair<std::string_view, std::string_view>::first);
    return found == mends.end() ? std::string_view{} : found->second;
}

GraphError token_error(int status, std::string_view body) {
    boost::system::error_code failed;
    const boost::json::value document = boost::json::parse(body, failed);
    const boost::json::object* answer = failed ? nullptr : document.if_object();
    const std::string_view error = answer == nullptr ? std::string_view{} : string_member(*answer, "error");
    const std::string_view description =
        answer == nullptr ? std::string_view{} : string_member(*answer, "error_description");
    if (error.empty() && description.empty()) {
        return {
            status >= 500 ? GraphFailure::server : GraphFailure::token,
            fmt::format("the token endpoint answered HTTP {} without an OAuth error (is it one, or a proxy's page?)",
                        status)};
    }
    std::string detail = fmt::format("no token: {} {}", one_line(error, 60), one_line(without_trace(description)));
    if (const std::string_view mend = token_error_mend(code_in(description)); !mend.empty()) {
        detail += fmt::format(" ({})", mend);
    }
    return {status >= 500 ? GraphFailure::server : GraphFailure::token, std::move(detail)};
}

}  // namespace keysyncd::entra
