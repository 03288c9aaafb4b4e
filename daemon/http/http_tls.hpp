// The TLS side of the web server: an OpenSSL context from web.config.file's tls_server_config. Pure but for reading the
// files; any thread.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "config/web_settings.hpp"

namespace boost::asio::ssl {
class context;
}

namespace keysyncd::daemon {

/// The error names the file and what OpenSSL says about it.
[[nodiscard]] std::expected<std::shared_ptr<boost::asio::ssl::context>, std::string> make_tls_context(
    const config::WebTlsSettings& settings);

/// When the certificate that the context shows expires; std::nullopt where it cannot be told.
[[nodiscard]] std::optional<std::chrono::sys_seconds> certificate_expiry(boost::asio::ssl::context& tls);

}  // namespace keysyncd::daemon
