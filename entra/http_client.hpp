// One HTTP request and its answer, as the Entra side needs them. Abstract, so that everything above it is tested
// without a network. Implementation: entra/curl_client.hpp. Blocking, one worker thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace keysyncd::entra {

struct Header {
    std::string name;
    std::string value;
};

enum class Method : std::uint8_t { get, post };

/// How the request travels. `direct` is for the metadata services of a host: plain HTTP allowed, never by a proxy.
enum class Route : std::uint8_t { https, direct };

struct Request {
    Method method = Method::get;
    std::string url;
    std::vector<Header> headers;
    std::string body;
    Route route = Route::https;
    std::chrono::milliseconds deadline{60'000};
    std::size_t max_body_bytes = 32U << 20U;  ///< after decompression
};

struct Response {
    int status = 0;
    std::vector<Header> headers;
    std::string body;

    /// The first value, by name without regard to case; empty when absent.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
};

enum class HttpFailure : std::uint8_t { resolve, connect, tls, proxy, timeout, too_large, broken, stopped };

struct HttpError {
    HttpFailure failure{};
    std::string detail;  ///< what happened, with host and port; no secrets, no query
};

class HttpClient {
  public:
    virtual ~HttpClient() = default;

    /// Any status is an answer; redirects are not followed.
    [[nodiscard]] virtual std::expected<Response, HttpError> send(const Request& request,
                                                                  const std::stop_token& stop) = 0;
};

[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// RFC 3986 percent-encoding of everything but unreserved characters.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace keysyncd::entra
