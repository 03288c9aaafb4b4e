// The file of --web.config.file, in the format that Prometheus' exporter-toolkit publishes
// (github.com/prometheus/exporter-toolkit, docs/web-configuration.md), as typed values.
// Names of TLS versions, cipher suites and curves are Go's in the file and OpenSSL's here.
// Plain data; loading reads files and may be done on any thread.
#pragma once

#include <expected>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.hpp"

namespace keysyncd::config {

/// What is asked of a client's certificate; the names are those of Go's crypto/tls.
enum class ClientAuth {
    none,                ///< NoClientCert
    request,             ///< RequestClientCert: asked for, not verified
    require_any,         ///< RequireAnyClientCert: must be sent, not verified
    verify_if_given,     ///< VerifyClientCertIfGiven
    require_and_verify,  ///< RequireAndVerifyClientCert
};

enum class TlsVersion { tls12, tls13 };

struct WebTlsSettings {
    std::filesystem::path cert_file;  ///< PEM chain, leaf first
    std::filesystem::path key_file;   ///< PEM, not readable by others
    ClientAuth client_auth = ClientAuth::none;
    std::filesystem::path client_ca_file;  ///< PEM; given where client_auth verifies
    TlsVersion min_version = TlsVersion::tls12;
    TlsVersion max_version = TlsVersion::tls13;
    std::vector<std::string> ciphers;       ///< TLS 1.2, OpenSSL names, in order of preference; empty: OpenSSL's own
    std::vector<std::string> ciphersuites;  ///< TLS 1.3, OpenSSL names; empty: OpenSSL's own
    bool prefer_server_cipher_suites = true;
    std::vector<std::string> groups;  ///< OpenSSL names of curve_preferences; empty: OpenSSL's own
};

struct WebSettings {
    std::optional<WebTlsSettings> tls;                    ///< absent: plain HTTP
    std::map<std::string, std::string> headers;           ///< added to every answer
    std::map<std::string, std::string> basic_auth_users;  ///< user -> bcrypt hash; empty: no basic auth
};

/// Reads a web.config.file. An empty file is sound and means: plain HTTP, no authentication, as in exporter-toolkit.
/// Warnings of a sound file go to `warnings` where one is given; the problems of an unsound one hold them too.
[[nodiscard]] std::expected<WebSettings, Problems> load_web_settings(const std::filesystem::path& file,
                                                                     Problems* warnings = nullptr);

/// The same from memory; relative paths are relative to the folder of `file_name`.
[[nodiscard]] std::expected<WebSettings, Problems> load_web_settings_text(std::string_view text,
                                                                          const std::string& file_name,
                                                                          Problems* warnings = nullptr);

}  // namespace keysyncd::config
