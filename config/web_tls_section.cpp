#include "config/web_tls_section.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "config/escape.hpp"
#include "config/key_name.hpp"

namespace keysyncd::config {

namespace {

struct Suite {
    std::string_view go;
    std::string_view openssl;
    bool tls13;
};

/// What Go's tls.CipherSuites() lists, by the names of both.
constexpr std::array suites{
    Suite{"TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", true},
    Suite{"TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", true},
    Suite{"TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", true},
    Suite{"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA", false},
    Suite{"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA", false},
    Suite{"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA", false},
    Suite{"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA", false},
    Suite{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", false},
    Suite{"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", false},
    Suite{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", false},
    Suite{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384", false},
    Suite{"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", false},
    Suite{"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305", false},
};

struct Curve {
    std::string_view go;
    std::string_view openssl;
};

constexpr std::array curves{Curve{"CurveP256", "P-256"}, Curve{"CurveP384", "P-384"}, Curve{"CurveP521", "P-521"},
                            Curve{"X25519", "X25519"}};

template <typename Entries>
auto find_named(Section& section, const Placed<std::string>& name, const Entries& known, std::string_view what) {
    const auto found = std::ranges::find_if(known, [&](const auto& entry) { return entry.go == name.value; });
    if (found == known.end()) {
        std::vector<std::string_view> names;
        for (const auto& entry : known) {
            names.push_back(entry.go);
        }
        const std::string_view near = nearest_name(name.value, names);
        section.report().error(name.place, fmt::format("expected {}, found {}: {}", what, in_quotes(name.value),
                                                       near.empty() ? std::string("remove it, or the whole list")
                                                                    : fmt::format("did you mean {}?", near)));
    }
    return found;
}

void read_client_auth(Section& section, WebTlsSettings& tls) {
    static constexpr std::array<std::pair<std::string_view, ClientAuth>, 5> words{
        {{"NoClientCert", ClientAuth::none},
         {"RequestClientCert", ClientAuth::request},
         {"RequireAnyClientCert", ClientAuth::require_any},
         {"VerifyClientCertIfGiven", ClientAuth::verify_if_given},
         {"RequireAndVerifyClientCert", ClientAuth::require_and_verify}}};
    tls.client_auth = section.choice<ClientAuth>("client_auth_type", words).value_or(ClientAuth::none);
    tls.client_ca_file = section.path("client_ca_file", FileKind::readable).value_or(std::filesystem::path());
    const bool verifies =
        tls.client_auth == ClientAuth::verify_if_given || tls.client_auth == ClientAuth::require_and_verify;
    if (verifies) {
        section.require("client_ca_file", "the CA certificates (PEM) that client certificates are verified with");
    } else if (section.has("client_ca_file") && !section.has("client_auth_type")) {
        section.error("client_ca_file",
                      "client certificates are not asked for: give client_auth_type, such as "
                      "RequireAndVerifyClientCert");
    } else if (section.has("client_ca_file")) {
        section.warning("client_ca_file", "this client_auth_type does not verify client certificates");
    }
}

void read_versions(Section& section, WebTlsSettings& tls) {
    static constexpr std::array<std::pair<std::string_view, TlsVersion>, 2> words{
        {{"TLS12", TlsVersion::tls12}, {"TLS13", TlsVersion::tls13}}};
    tls.min_version = section.choice<TlsVersion>("min_version", words).value_or(tls.min_version);
    tls.max_version = section.choice<TlsVersion>("max_version", words).value_or(tls.max_version);
    if (tls.min_version == TlsVersion::tls13 && tls.max_version == TlsVersion::tls12) {
        section.error("max_version", "it is below min_version: nobody could connect");
    }
}

void read_preferences(Section& section, WebTlsSettings& tls) {
    for (const auto& name : section.texts("cipher_suites")) {
        const auto suite =
            find_named(section, name, suites, "a cipher suite such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        if (suite != suites.end()) {
            (suite->tls13 ? tls.ciphersuites : tls.ciphers).emplace_back(suite->openssl);
        }
    }
    for (const auto& name : section.texts("curve_preferences")) {
        const auto curve = find_named(section, name, curves, "one of CurveP256, CurveP384, CurveP521, X25519");
        if (curve != curves.end()) {
            tls.groups.emplace_back(curve->openssl);
        }
    }
    tls.prefer_server_cipher_suites = section.boolean("prefer_server_cipher_suites").value_or(true);
}

}  // namespace

WebTlsSettings read_web_tls(Section section) {
    WebTlsSettings tls;
    section.require("cert_file", "the server's certificate chain (PEM)");
    section.require("key_file", "the server's private key (PEM)");
    tls.cert_file = section.path("cert_file", FileKind::readable).value_or(std::filesystem::path());
    tls.key_file = section.path("key_file", FileKind::secret).value_or(std::filesystem::path());
    for (const std::string_view inline_key : {"cert", "key", "client_ca"}) {
        if (section.has(inline_key)) {
            section.error(inline_key,
                          fmt::format("certificates and keys are files here: name it with {}_file", inline_key));
            section.ignore(inline_key);
        }
    }
    read_client_auth(section, tls);
    read_versions(section, tls);
    read_preferences(section, tls);
    section.finish();
    return tls;
}

}  // namespace keysyncd::config
