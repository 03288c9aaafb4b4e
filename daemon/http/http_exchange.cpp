#include "daemon/http/http_exchange.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/verb.hpp>

#include "daemon/http/http_encoding.hpp"
#include "daemon/http/http_target.hpp"

namespace keysyncd::daemon {
namespace {

namespace http = boost::beast::http;

/// Every answer is private to its moment and must never be framed, sniffed or executed. Pages that need scripts or
/// styles of their own set a policy that allows those.
constexpr std::pair<std::string_view, std::string_view> common_headers[] = {
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
};

constexpr std::size_t worth_compressing = 1024;

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower;
}

}  // namespace

std::expected<HttpRequest, HttpResponse> to_request(BeastRequest&& message, std::string peer) {
    if (message.version() != 10 && message.version() != 11) {
        return std::unexpected(HttpResponse::text(505, "HTTP version not supported; use HTTP/1.1."));
    }
    const auto hosts = message.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && message.version() == 11)) {
        return std::unexpected(HttpResponse::text(400, "Bad request: exactly one Host header is expected."));
    }
    auto target = parse_http_target(message.target());
    if (!target) {
        return std::unexpected(HttpResponse::text(400, "Bad request: the target is not a valid path."));
    }
    HttpRequest request;
    request.method = message.method_string();
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    for (const auto& field : message) {
        request.headers.emplace_back(lower_case(field.name_string()), field.value());
    }
    request.body = std::move(message.body());
    request.peer = std::move(peer);
    return request;
}

std::optional<HttpResponse> answer_to_error(boost::beast::error_code error) {
    if (error == http::error::header_limit) {
        return HttpResponse::text(431, "The request's headers are too large.");
    }
    if (error == http::error::body_limit) {
        return HttpResponse::text(413, "The request's body is too large.");
    }
    if (error == http::error::end_of_stream || error == http::error::partial_message ||
        error.category() != http::make_error_code(http::error::bad_target).category()) {
        return std::nullopt;
    }
    return HttpResponse::text(400, "Bad request: " + error.message() + ".");
}

BeastResponse to_message(HttpResponse&& response, AnswerForm form, std::chrono::system_clock::time_point now) {
    BeastResponse message{http::int_to_status(response.status), 11};
    message.set(http::field::date,
                fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::chrono::system_clock::to_time_t(now))));
    message.set(http::field::content_type, response.content_type);
    for (const auto& [name, value] : common_headers) {
        message.set(name, value);
    }
    for (const auto& [name, value] : response.headers) {
        message.set(name, value);
    }
    message.body() = std::move(response.body);
    if (message.body().size() >= worth_compressing) {
        message.set(http::field::vary, "Accept-Encoding");
        if (form.gzip) {
            message.body() = gzip(message.body());
            message.set(http::field::content_encoding, "gzip");
        }
    }
    message.keep_alive(form.keep_alive);
    message.prepare_payload();
    return message;
}

}  // namespace keysyncd::daemon
