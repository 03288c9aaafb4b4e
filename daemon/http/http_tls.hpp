// The TLS side of the web server: an OpenSSL context from web.config.file's tls_server_config. Pure but for reading the
// files; any thread.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "config/web_settings.hpp"

namespace boost::asio::ssl {
class context;
}

namespace keysyncd::daemon {

/// The error names the file and what OpenSSL says about it.
[[nodiscard]] std::expected<std::shared_ptr<boost::asio::ssl::context>, std::string> make_tls_context(
    const config::WebTlsSettings& settings);

}  // namespace keysyncd::daemon
