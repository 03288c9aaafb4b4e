// HttpClient over libcurl: one handle, its connections reused. TLS 1.2 or newer, always verified; no redirects; a
// deadline, a floor under the speed and a cap on the body for every request; proxies, NO_PROXY, HTTP/2 and compression.
// Blocking, one worker thread at a time. No secret ever gets into an error's text.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "entra/http_client.hpp"

namespace keysyncd::entra {

struct CurlSettings {
    config::Path ca_file;              ///< PEM; empty: the system's store
    std::string proxy;                 ///< empty: HTTPS_PROXY; NO_PROXY counts for both
    config::Path proxy_password_file;  ///< read for each request
};

class CurlClient final : public HttpClient {
  public:
    explicit CurlClient(CurlSettings settings);
    ~CurlClient() override;

    [[nodiscard]] std::expected<Response, HttpError> send(const Request& request, const std::stop_token& stop) override;

  private:
    class Handle;
    void describe(const Request& request, const void* headers);
    void guard(const Request& request);
    [[nodiscard]] std::expected<void, HttpError> choose_proxy(const Request& request);
    CurlSettings settings_;
    std::unique_ptr<Handle> handle_;
};

}  // namespace keysyncd::entra
