#include "entra/graph_error.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "entra/json_access.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::string_view licence_code = "Authentication_RequestFromNonPremiumTenant";

/// What to do about Graph's own error codes (learn.microsoft.com/graph/errors, and the reports API's). They say so only
/// together with a refusal: the code of a server in trouble may be UnknownError too.
std::string_view mend_for(int status, std::string_view code, std::string_view what) {
    if (status != 401 && status != 403) {
        return {};
    }
    if (code.starts_with(licence_code)) {
        return what == "the audit log"
                   ? "the audit log needs an Entra ID P1 or P2 licence: set entra.registrations to report, or feed "
                     "exported logs through entra.audit_files, beside Graph, which goes on telling about the users"
                   : "it needs an Entra ID P1 or P2 licence: feed exported logs through entra.audit_files, beside "
                     "Graph, which goes on telling about the users";
    }
    if (code == "Authorization_RequestDenied" || code == "Authentication_MSGraphPermissionMissing" ||
        code == "accessDenied" || code == "UnknownError") {
        if (what == "the audit log" || what == "the registration report") {
            return "grant the application permissions AuditLog.Read.All and Directory.Read.All, with admin consent";
        }
        if (what == "authentication methods") {
            return "grant the application permission UserAuthenticationMethod.Read.All, with admin consent";
        }
        if (what == "directory synchronization") {
            return "grant the application permission OnPremDirectorySynchronization.Read.All, with admin consent";
        }
        return "grant the application permission Directory.Read.All (or User.Read.All and Organization.Read.All), with "
               "admin consent";
    }
    if (code == "InvalidAuthenticationToken") {
        return "is this host's clock right, and do entra.cloud and the URLs belong together?";
    }
    return {};
}

GraphFailure failure_of(int status, std::string_view message) {
    switch (status) {
        case 400:
            // How Graph names what this cloud, or this version, does not have.
            return message.starts_with("Resource not found for the segment") ? GraphFailure::not_found
                                                                             : GraphFailure::bad_answer;
        case 401:
            return GraphFailure::unauthorized;
        case 403:
            return GraphFailure::forbidden;
        case 404:
            return GraphFailure::not_found;
        case 429:
        case 503:
            return GraphFailure::throttled;
        case 407:
            return GraphFailure::proxy;
        default:
            return status >= 500 ? GraphFailure::server : GraphFailure::bad_answer;
    }
}

}  // namespace

std::string_view to_string(GraphFailure failure) noexcept {
    return graph_failure_labels.at(static_cast<std::size_t>(failure));
}

bool is_everywhere(GraphFailure failure) noexcept {
    switch (failure) {
        case GraphFailure::resolve:
        case GraphFailure::connect:
        case GraphFailure::tls:
        case GraphFailure::proxy:
        case GraphFailure::token:
        case GraphFailure::unauthorized:
        case GraphFailure::stopped:
            return true;
        default:
            return false;
    }
}

bool is_not_offered(const GraphError& error) noexcept {
    return error.no_licence || error.failure == GraphFailure::not_found;
}

GraphError from_http(HttpError error) {
    const auto failure = [&] {
        switch (error.failure) {
            case HttpFailure::resolve:
                return GraphFailure::resolve;
            case HttpFailure::tls:
                return GraphFailure::tls;
            case HttpFailure::proxy:
                return GraphFailure::proxy;
            case HttpFailure::timeout:
                return GraphFailure::timeout;
            case HttpFailure::too_large:
                return GraphFailure::too_large;
            case HttpFailure::broken:
                return GraphFailure::bad_answer;
            case HttpFailure::stopped:
                return GraphFailure::stopped;
            case HttpFailure::connect:
                break;
        }
        return GraphFailure::connect;
    }();
    return {failure, std::move(error.detail)};
}

GraphComplaint read_complaint(std::string_view body) {
    boost::system::error_code failed;
    const boost::json::value document = boost::json::parse(body, failed);
    if (failed || !document.is_object()) {
        return {};
    }
    const boost::json::object* error = object_member(document.get_object(), "error");
    if (error == nullptr) {
        return {};
    }
    return {.code = one_line(string_member(*error, "code"), 100),
            .message = one_line(string_member(*error, "message"))};
}

GraphError from_status(int status, std::string_view body, std::string_view what) {
    const GraphComplaint complaint = read_complaint(body);
    std::string detail = fmt::format("{}: HTTP {}", what, status);
    if (!complaint.code.empty() || !complaint.message.empty()) {
        detail += fmt::format(", {}: {}", complaint.code.empty() ? "no code" : complaint.code, complaint.message);
    }
    if (status / 100 == 3) {
        detail += " (redirects are not followed: is a proxy or a sign-in page answering for Graph?)";
    }
    if (const std::string_view mend = mend_for(status, complaint.code, what); !mend.empty()) {
        detail += fmt::format(" ({})", mend);
    }
    return {failure_of(status, complaint.message), std::move(detail),
            status == 403 && complaint.code.starts_with(licence_code)};
}

GraphError bad_answer(std::string_view what, std::string_view why) {
    return {GraphFailure::bad_answer, fmt::format("{}: {}", what, why)};
}

std::string one_line(std::string_view text, std::size_t most) {
    std::string line;
    for (const char c : text.substr(0, most)) {
        line += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    }
    while (!line.empty() && line.back() == ' ') {
        line.pop_back();
    }
    if (text.size() > most) {
        line += "...";
    }
    return line;
}

}  // namespace keysyncd::entra
