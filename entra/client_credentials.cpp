#include "entra/client_credentials.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>

#include "entra/aadsts.hpp"
#include "entra/json_access.hpp"

namespace keysyncd::entra {
namespace {

std::optional<std::chrono::seconds> read_lifetime(const boost::json::object& answer) {
    const boost::json::value* value = answer.if_contains("expires_in");
    std::int64_t seconds = 0;
    if (value == nullptr) {
        return std::nullopt;
    }
    if (const boost::json::string* text = value->if_string()) {
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
        if (error != std::errc{} || end != text->data() + text->size()) {
            return std::nullopt;
        }
    } else if (value->is_int64()) {
        seconds = value->get_int64();
    }
    if (seconds <= 0 || seconds > 7 * 86400) {
        return std::nullopt;
    }
    return std::chrono::seconds{seconds};
}

}  // namespace

std::string Application::token_url() const {
    return fmt::format("{}/{}/oauth2/v2.0/token", endpoints.authority, percent_encode(tenant_id));
}

std::expected<AccessToken, GraphError> read_token_answer(std::string_view body) {
    boost::system::error_code failed;
    const boost::json::value document = boost::json::parse(body, failed);
    const boost::json::object* answer = failed ? nullptr : document.if_object();
    const std::string_view token = answer == nullptr ? std::string_view{} : string_member(*answer, "access_token");
    const auto lifetime = answer == nullptr ? std::nullopt : read_lifetime(*answer);
    if (token.empty() || !lifetime) {
        return std::unexpected(GraphError{
            GraphFailure::token,
            "the token endpoint's answer holds no access_token with expires_in (is it one, or a proxy's page?)"});
    }
    // A header is made of it: anything but visible ASCII would let it end early.
    for (const char c : token) {
        if (c <= 0x20 || c == 0x7F) {
            return std::unexpected(
                GraphError{GraphFailure::token, "the access_token holds characters that no token has"});
        }
    }
    return AccessToken{config::Secret{std::string{token}}, *lifetime};
}

std::expected<AccessToken, GraphError> request_client_credentials(Exchange& exchange, const Application& application,
                                                                  std::string_view proof, const std::stop_token& stop) {
    Request request;
    request.method = Method::post;
    request.url = application.token_url();
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
    request.body =
        fmt::format("client_id={}&scope={}&grant_type=client_credentials&{}", percent_encode(application.client_id),
                    percent_encode(application.endpoints.scope()), proof);
    request.deadline = std::chrono::seconds{30};
    request.max_body_bytes = 1U << 20U;
    auto response = exchange.send("token", request, stop);
    if (!response) {
        return std::unexpected(from_http(std::move(response.error())));
    }
    if (response->status != 200) {
        return std::unexpected(token_error(response->status, response->body));
    }
    return read_token_answer(response->body);
}

SecretFlow::SecretFlow(Exchange& exchange, Application application, std::filesystem::path secret_file)
    : exchange_(exchange), application_(std::move(application)), secret_file_(std::move(secret_file)) {}

std::expected<AccessToken, GraphError> SecretFlow::request_token(const std::stop_token& stop) {
    auto secret = config::read_secret_file(secret_file_);
    if (!secret) {
        return std::unexpected(GraphError{GraphFailure::token, std::move(secret.error())});
    }
    return request_client_credentials(exchange_, application_, "client_secret=" + percent_encode(secret->expose()),
                                      stop);
}

}  // namespace keysyncd::entra
