#include "entra/managed_identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>

#include "entra/client_credentials.hpp"
#include "entra/json_access.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::uintmax_t largest_key_file = 4096;

std::unexpected<GraphError> no_token(std::string why) {
    return std::unexpected(GraphError{GraphFailure::token, std::move(why)});
}

std::string said(const Response& response) {
    boost::system::error_code failed;
    const boost::json::value document = boost::json::parse(response.body, failed);
    const boost::json::object* answer = failed ? nullptr : document.if_object();
    const std::string_view text = answer == nullptr ? std::string_view{} : string_member(*answer, "error_description");
    return fmt::format("HTTP {}{}{}", response.status, text.empty() ? "" : ", ", one_line(text));
}

std::expected<std::string, std::string> read_key(const std::filesystem::path& file) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(file, failed);
    if (failed) {
        return std::unexpected(
            fmt::format("{}: {} (add this service's user to the group himds)", file.string(), failed.message()));
    }
    if (size > largest_key_file) {
        return std::unexpected(
            fmt::format("{}: larger than {} bytes, which no challenge is", file.string(), largest_key_file));
    }
    std::ifstream in(file, std::ios::binary);
    std::string key(size, '\0');
    if (!in.read(key.data(), static_cast<std::streamsize>(size))) {
        return std::unexpected(
            fmt::format("{}: can't be read (add this service's user to the group himds)", file.string()));
    }
    if (std::ranges::any_of(key, [](char c) { return c < 0x20 || c == 0x7F; })) {
        return std::unexpected(fmt::format("{}: holds characters that no challenge has", file.string()));
    }
    return key;
}

}  // namespace

IdentityHost find_identity_host(const std::function<std::string(std::string_view)>& variable) {
    IdentityHost host;
    if (const std::string other = variable("AZURE_POD_IDENTITY_AUTHORITY_HOST"); !other.empty()) {
        host.imds_url = other;
    }
    if (!variable("IMDS_ENDPOINT").empty()) {
        host.arc_url = variable("IDENTITY_ENDPOINT");
    }
    std::error_code ignored;
    if (host.arc_url.empty() && std::filesystem::exists("/opt/azcmagent/bin/himds", ignored)) {
        host.arc_url = "http://127.0.0.1:40342/metadata/identity/oauth2/token";
    }
    return host;
}

std::expected<std::filesystem::path, std::string> arc_key_file(std::string_view challenge,
                                                               const std::filesystem::path& directory) {
    constexpr std::string_view scheme = "Basic realm=";
    if (!challenge.starts_with(scheme) || std::ranges::count(challenge, '=') != 1) {
        return std::unexpected(
            fmt::format("expected a challenge 'Basic realm=FILE', got '{}'", one_line(challenge, 120)));
    }
    std::filesystem::path file{challenge.substr(scheme.size())};
    // Compared as text, before anything is opened: no "..", no link in between, no other directory.
    if (file.parent_path() != directory || file.filename() != file.lexically_normal().filename() ||
        file.extension() != ".key") {
        return std::unexpected(fmt::format("the challenge names {}, which is no .key file in {}: not read",
                                           one_line(file.string(), 120), directory.string()));
    }
    return file;
}

ManagedIdentityFlow::ManagedIdentityFlow(Exchange& exchange, IdentityHost host, std::string resource,
                                         std::string client_id)
    : exchange_(exchange), host_(std::move(host)), resource_(std::move(resource)), client_id_(std::move(client_id)) {}

std::expected<AccessToken, GraphError> ManagedIdentityFlow::request_token(const std::stop_token& stop) {
    return host_.arc_url.empty() ? ask_imds(stop) : ask_arc(stop);
}

std::expected<Response, GraphError> ManagedIdentityFlow::get(const std::string& url, std::string_view authorization,
                                                             const std::stop_token& stop) {
    Request request;
    request.url = url;
    request.headers = {{"Metadata", "true"}};
    if (!authorization.empty()) {
        request.headers.push_back({"Authorization", std::string{authorization}});
    }
    request.route = Route::direct;
    request.deadline = std::chrono::seconds{10};
    request.max_body_bytes = 1U << 20U;
    auto response = exchange_.send("token", request, stop);
    if (!response) {
        return std::unexpected(from_http(std::move(response.error())));
    }
    return std::move(*response);
}

std::expected<AccessToken, GraphError> ManagedIdentityFlow::ask_imds(const std::stop_token& stop) {
    std::string url = fmt::format("{}/metadata/identity/oauth2/token?api-version=2018-02-01&resource={}",
                                  host_.imds_url, percent_encode(resource_));
    if (!client_id_.empty()) {
        url += "&client_id=" + percent_encode(client_id_);
    }
    auto response = get(url, {}, stop);
    if (!response) {
        response.error().detail += " (is this an Azure VM with a managed identity?)";
        return std::unexpected(std::move(response.error()));
    }
    if (response->status == 200) {
        return read_token_answer(response->body);
    }
    // 404 and 410 pass while the service is being updated.
    if (response->status == 404 || response->status == 410 || response->status == 429 || response->status >= 500) {
        return std::unexpected(GraphError{GraphFailure::server, "the instance metadata service: " + said(*response)});
    }
    return no_token(fmt::format("the instance metadata service: {} (assign the identity {} to this VM)",
                                said(*response), client_id_.empty() ? "of the system" : client_id_));
}

std::expected<AccessToken, GraphError> ManagedIdentityFlow::ask_arc(const std::stop_token& stop) {
    if (!client_id_.empty()) {
        return no_token(
            "Azure Arc has only the system-assigned identity: set entra.credential.managed_identity to system");
    }
    const std::string url =
        fmt::format("{}?api-version=2019-11-01&resource={}", host_.arc_url, percent_encode(resource_));
    auto response = get(url, {}, stop);
    if (!response) {
        return std::unexpected(std::move(response.error()));
    }
    if (response->status != 401) {
        return no_token(fmt::format("the Azure Arc agent: expected a challenge, got {}", said(*response)));
    }
    const auto file = arc_key_file(response->header("WWW-Authenticate"), host_.arc_key_directory);
    if (!file) {
        return no_token("the Azure Arc agent: " + file.error());
    }
    const auto key = read_key(*file);
    if (!key) {
        return no_token("the Azure Arc agent: " + key.error());
    }
    response = get(url, "Basic " + *key, stop);
    if (!response) {
        return std::unexpected(std::move(response.error()));
    }
    if (response->status == 200) {
        return read_token_answer(response->body);
    }
    if (response->status == 429 || response->status >= 500) {
        return std::unexpected(GraphError{GraphFailure::server, "the Azure Arc agent: " + said(*response)});
    }
    return no_token("the Azure Arc agent: " + said(*response));
}

}  // namespace keysyncd::entra
