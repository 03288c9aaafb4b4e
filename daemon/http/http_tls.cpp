#include "daemon/http/http_tls.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <ctime>
#include <string_view>
#include <vector>

namespace keysyncd::daemon {
namespace {

using boost::asio::ssl::context;
using config::ClientAuth;

/// What OpenSSL's queue of this thread tells last, and an empty queue.
std::string openssl_reason() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : "unknown error";
}

std::unexpected<std::string> refused(std::string_view what, const std::filesystem::path& file) {
    return std::unexpected(fmt::format("{} {}: {}", what, file.string(), openssl_reason()));
}

std::string joined(const std::vector<std::string>& names) {
    std::string all;
    for (const std::string& name : names) {
        all += (all.empty() ? "" : ":") + name;
    }
    return all;
}

int protocol(config::TlsVersion version) {
    return version == config::TlsVersion::tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

std::expected<void, std::string> set_algorithms(SSL_CTX* tls, const config::WebTlsSettings& settings) {
    SSL_CTX_set_min_proto_version(tls, protocol(settings.min_version));
    SSL_CTX_set_max_proto_version(tls, protocol(settings.max_version));
    SSL_CTX_set_options(tls, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    if (settings.prefer_server_cipher_suites) {
        SSL_CTX_set_options(tls, SSL_OP_CIPHER_SERVER_PREFERENCE);
    }
    const auto set = [tls](const std::vector<std::string>& names, const char* what,
                           auto setter) -> std::expected<void, std::string> {
        if (!names.empty() && setter(tls, joined(names).c_str()) != 1) {
            return std::unexpected(fmt::format("{} {}: {}", what, joined(names), openssl_reason()));
        }
        return {};
    };
    if (auto done = set(settings.ciphers, "cipher suites", SSL_CTX_set_cipher_list); !done) {
        return done;
    }
    if (auto done = set(settings.ciphersuites, "TLS 1.3 cipher suites", SSL_CTX_set_ciphersuites); !done) {
        return done;
    }
    return set(settings.groups, "curves", [](SSL_CTX* target, const char* names) {
        return static_cast<int>(SSL_CTX_set1_groups_list(target, names));
    });
}

int accept_any_certificate(int /*verified*/, X509_STORE_CTX* /*chain*/) {
    return 1;
}

std::expected<void, std::string> set_client_auth(SSL_CTX* tls, const config::WebTlsSettings& settings) {
    const bool verifies =
        settings.client_auth == ClientAuth::verify_if_given || settings.client_auth == ClientAuth::require_and_verify;
    const bool requires_one =
        settings.client_auth == ClientAuth::require_any || settings.client_auth == ClientAuth::require_and_verify;
    if (settings.client_auth == ClientAuth::none) {
        SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, nullptr);
        return {};
    }
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | (requires_one ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                       verifies ? nullptr : accept_any_certificate);
    if (!settings.client_ca_file.empty()) {
        const std::string file = settings.client_ca_file.string();
        STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(file.c_str());
        if (names == nullptr || SSL_CTX_load_verify_file(tls, file.c_str()) != 1) {
            sk_X509_NAME_pop_free(names, X509_NAME_free);
            return refused("client_ca_file", settings.client_ca_file);
        }
        SSL_CTX_set_client_CA_list(tls, names);  // takes them over
    }
    // A resumed session carries the client's certificate: without a context OpenSSL refuses to resume it.
    static constexpr unsigned char session_context[] = "keysyncd";
    SSL_CTX_set_session_id_context(tls, session_context, sizeof session_context - 1);
    return {};
}

}  // namespace

std::expected<std::shared_ptr<context>, std::string> make_tls_context(const config::WebTlsSettings& settings) {
    auto made = std::make_shared<context>(context::tls_server);
    SSL_CTX* tls = made->native_handle();
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(tls, settings.cert_file.c_str()) != 1) {
        return refused("cert_file", settings.cert_file);
    }
    if (SSL_CTX_use_PrivateKey_file(tls, settings.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
        return refused("key_file", settings.key_file);
    }
    if (SSL_CTX_check_private_key(tls) != 1) {
        return refused("key_file is not the key of the certificate", settings.key_file);
    }
    if (auto done = set_algorithms(tls, settings); !done) {
        return std::unexpected(std::move(done.error()));
    }
    if (auto done = set_client_auth(tls, settings); !done) {
        return std::unexpected(std::move(done.error()));
    }
    return made;
}

std::optional<std::chrono::sys_seconds> certificate_expiry(context& tls) {
    const X509* shown = SSL_CTX_get0_certificate(tls.native_handle());
    std::tm ends{};
    if (shown == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(shown), &ends) != 1) {
        return std::nullopt;
    }
    return std::chrono::sys_seconds{std::chrono::seconds{timegm(&ends)}};
}

}  // namespace keysyncd::daemon
