#include "config/web_settings.hpp"

#include <doctest/doctest.h>

#include "tests/unit/config/configuration_fixture.hpp"

using namespace keysyncd::config;
using namespace keysyncd::config::test;

namespace {

const std::string hash = "$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234";

std::vector<std::string> told(const ConfigurationFolder& configuration, const std::string& text) {
    Problems problems;
    const auto web = load_web_settings_text(text, configuration.file(), &problems);
    return configuration.lines(web ? problems : web.error());
}

std::string tls_with(const std::string& more) {
    return "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n  " + more + "\n";
}

}  // namespace

TEST_CASE("an empty web configuration is sound, as in exporter-toolkit") {
    const auto web = load_web_settings_text("# nothing\n", "web.yaml");
    REQUIRE(web.has_value());
    CHECK_FALSE(web->tls.has_value());
    CHECK(web->headers.empty());
    CHECK(web->basic_auth_users.empty());
}

TEST_CASE("every key of exporter-toolkit's format arrives") {
    const ConfigurationFolder configuration;
    const auto web = load_web_settings_text(R"(tls_server_config:
  cert_file: cert.pem
  key_file: key.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  min_version: TLS13
  max_version: TLS13
  cipher_suites:
    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    - TLS_AES_256_GCM_SHA384
  prefer_server_cipher_suites: false
  curve_preferences: [X25519, CurveP384]
http_server_config:
  http2: false
  headers:
    X-Frame-Options: deny
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  alice: )" + hash + "\n",
                                            configuration.file());
    REQUIRE(web.has_value());
    REQUIRE(web->tls.has_value());
    CHECK(web->tls->cert_file == configuration.folder.path() / "cert.pem");
    CHECK(web->tls->key_file == configuration.folder.path() / "key.pem");
    CHECK(web->tls->client_auth == ClientAuth::require_and_verify);
    CHECK(web->tls->client_ca_file == configuration.folder.path() / "ca.pem");
    CHECK(web->tls->min_version == TlsVersion::tls13);
    CHECK(web->tls->ciphers == std::vector<std::string>{"ECDHE-RSA-AES128-GCM-SHA256"});
    CHECK(web->tls->ciphersuites == std::vector<std::string>{"TLS_AES_256_GCM_SHA384"});
    CHECK_FALSE(web->tls->prefer_server_cipher_suites);
    CHECK(web->tls->groups == std::vector<std::string>{"X25519", "P-384"});
    CHECK(web->headers.at("X-Frame-Options") == "deny");
    CHECK(web->headers.size() == 2);
    CHECK(web->basic_auth_users.at("alice") == hash);
}

TEST_CASE("what is wrong in a web configuration is told with its place and mend") {
    const ConfigurationFolder configuration;
    const std::vector<Case> cases{
        {"unknown key",
         "basic_auth_user: {}\n",
         {"1:1: error: basic_auth_user: the key is not known: did you mean basic_auth_users?"}},
        {"unknown TLS key",
         tls_with("client_auth: x"),
         {"4:3: error: tls_server_config.client_auth: the key is not known; known here: cert_file, cipher_suites, "
          "client_auth_type, client_ca_file, curve_preferences, key_file, max_version, min_version, "
          "prefer_server_cipher_suites"}},
        {"no key file",
         "tls_server_config: {cert_file: cert.pem}\n",
         {"1:20: error: tls_server_config.key_file: the key is missing: give the server's private key (PEM)"}},
        {"missing file",
         "tls_server_config: {cert_file: nowhere, key_file: key.pem}\n",
         {"1:32: error: tls_server_config.cert_file: cannot open DIR/nowhere: No such file or directory"}},
        {"open key",
         "tls_server_config: {cert_file: cert.pem, key_file: open}\n",
         {"1:52: error: tls_server_config.key_file: DIR/open holds a secret and is open to every user (mode 0644): run "
          "chmod "
          "600 DIR/open"}},
        {"inline certificate",
         tls_with("cert: '-----BEGIN CERTIFICATE-----'"),
         {"4:9: error: tls_server_config.cert: certificates and keys are files here: name it with cert_file"}},
        {"client_auth_type",
         tls_with("client_auth_type: RequireAndVerifyClientCerts"),
         {"4:21: error: tls_server_config.client_auth_type: expected one of NoClientCert, RequestClientCert, "
          "RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert, found "
          "\"RequireAndVerifyClientCerts\": did you mean RequireAndVerifyClientCert?"}},
        {"verify without CA",
         tls_with("client_auth_type: RequireAndVerifyClientCert"),
         {"2:3: error: tls_server_config.client_ca_file: the key is missing: give the CA certificates (PEM) that "
          "client "
          "certificates are verified with"}},
        {"CA without type",
         tls_with("client_ca_file: ca.pem"),
         {"4:19: error: tls_server_config.client_ca_file: client certificates are not asked for: give "
          "client_auth_type, such "
          "as RequireAndVerifyClientCert"}},
        {"CA that is not used",
         tls_with("client_auth_type: RequestClientCert\n  client_ca_file: ca.pem"),
         {"5:19: warning: tls_server_config.client_ca_file: this client_auth_type does not verify client "
          "certificates"}},
        {"old TLS",
         tls_with("min_version: TLS10"),
         {"4:16: error: tls_server_config.min_version: expected one of TLS12, TLS13, found \"TLS10\": did you mean "
          "TLS12?"}},
        {"versions",
         tls_with("min_version: TLS13\n  max_version: TLS12"),
         {"5:16: error: tls_server_config.max_version: it is below min_version: nobody could connect"}},
        {"cipher",
         tls_with("cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]"),
         {"4:19: error: tls_server_config.cipher_suites[0]: expected a cipher suite such as "
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, found \"TLS_RSA_WITH_RC4_128_SHA\": remove it, or the whole list"}},
        {"curve",
         tls_with("curve_preferences: [CurveP255]"),
         {"4:23: error: tls_server_config.curve_preferences[0]: expected one of CurveP256, CurveP384, CurveP521, "
          "X25519, found "
          "\"CurveP255\": did you mean CurveP256?"}},
        {"header",
         "http_server_config: {headers: {Server: x}}\n",
         {"1:32: error: http_server_config.headers.Server: the key is not known; known here: Content-Security-Policy, "
          "Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, X-XSS-Protection"}},
        {"HTTP/2",
         "http_server_config: {http2: true}\n",
         {"1:29: warning: http_server_config.http2: HTTP/1.1 is what keysyncd speaks: remove it, or set false"}},
        {"a password in place of its hash",
         "basic_auth_users: {alice: hunter2}\n",
         {"1:27: error: basic_auth_users.alice: expected a bcrypt hash ($2y$10$...), found something else: make one "
          "with "
          "htpasswd -nBC 10 \"\" | tr -d ':\\n'"}},
        {"a colon in the name",
         "basic_auth_users: {\"a:b\": \"" + hash + "\"}\n",
         {"1:27: error: basic_auth_users.a:b: a user's name is not empty and has no colon"}},
        {"dear hash",
         "basic_auth_users: {alice: \"$2y$16" + hash.substr(6) + "\"}\n",
         {"1:27: warning: basic_auth_users.alice: a bcrypt cost of 16 takes seconds a check: 10 to 12 will do"}},
        {"syntax", "tls_server_config: {\n", {"2:1: error: YAML syntax: a { is not closed by a }"}},
    };
    for (const Case& c : cases) {
        CAPTURE(c.what);
        CHECK(joined(told(configuration, c.text)) == joined(c.expected));
    }
}
