#include "ldap/tls_probe.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "config/escape.hpp"
#include "ldap/certificate.hpp"
#include "ldap/tcp_connect.hpp"

namespace keysyncd::ldap {
namespace {

template <auto release>
struct Release {
    template <class T>
    void operator()(T* object) const noexcept {
        release(object);
    }
};
using Context = std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Release<SSL_free>>;

// StartTLS (RFC 4511 4.14.1) as the first message on the connection: ExtendedRequest 1.3.6.1.4.1.1466.20037.
bool ask_for_tls(int descriptor) {
    constexpr std::string_view request{
        "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
        "1.3.6.1.4.1.1466.20037",
        31};
    if (::send(descriptor, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
        return false;
    }
    // Only whether TLS may begin matters: the response's length in its second byte, then its bytes.
    std::array<unsigned char, 2> header{};
    if (::recv(descriptor, header.data(), header.size(), MSG_WAITALL) != 2) {
        return false;
    }
    std::size_t length = header[1];
    if (length > 0x80U && length <= 0x84U) {
        std::array<unsigned char, 4> digits{};
        const std::size_t count = length & 0x7fU;
        if (::recv(descriptor, digits.data(), count, MSG_WAITALL) != static_cast<ssize_t>(count)) {
            return false;
        }
        length = 0;
        for (std::size_t i = 0; i < count; ++i) {
            length = length << 8U | digits[i];
        }
    }
    std::vector<unsigned char> body(std::min<std::size_t>(length, 4096));
    return ::recv(descriptor, body.data(), body.size(), MSG_WAITALL) == static_cast<ssize_t>(body.size());
}

// What verification found wrong first, and with which server certificate.
struct Finding {
    int error = X509_V_OK;
    std::unique_ptr<X509, Release<X509_free>> certificate;
};

int remember_finding(int verified, X509_STORE_CTX* store) {
    if (verified == 1) {
        return 1;
    }
    auto* session = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* finding = static_cast<Finding*>(SSL_get_app_data(session));
    finding->error = X509_STORE_CTX_get_error(store);
    if (X509* certificate = X509_STORE_CTX_get0_cert(store); certificate != nullptr) {
        X509_up_ref(certificate);
        finding->certificate.reset(certificate);
    }
    return 0;
}

// The names that the certificate does carry, for a message about the one that it doesn't.
std::string names_of(const X509* certificate) {
    std::string names;
    const std::unique_ptr<GENERAL_NAMES, Release<GENERAL_NAMES_free>> alternatives(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; alternatives != nullptr && i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), i);
        if (name->type == GEN_DNS) {
            const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
            names += names.empty() ? "" : ", ";
            names.append(text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
        }
    }
    return names.empty() ? "no DNS name at all" : config::escape_control(names);
}

std::string subject_of(const X509* certificate) {
    std::array<char, 256> text{};
    X509_NAME_oneline(X509_get_subject_name(certificate), text.data(), static_cast<int>(text.size()));
    return config::escape_control(text.data());
}

std::string describe_verification(int error, const X509* certificate, const ServerEndpoint& server,
                                  std::string_view ca) {
    switch (error) {
        case X509_V_ERR_CERT_HAS_EXPIRED: {
            const auto expiry = to_sys_seconds(X509_get0_notAfter(certificate));
            return fmt::format("the server's certificate {} has expired{}; renew it on the domain controller",
                               subject_of(certificate), expiry ? fmt::format(" on {:%FT%TZ}", *expiry) : "");
        }
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "the server's certificate is not valid yet; check the clocks of both machines";
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return fmt::format(
                "the server's certificate is not for {}: it names {}; use one of these names in servers, "
                "or issue a certificate with the name in subjectAltName",
                server.host, names_of(certificate));
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return fmt::format(
                "the server's certificate is self-signed and not in {}; put it, or better its "
                "authority's, there and name the file as tls.ca_file",
                ca);
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return fmt::format(
                "the authority that issued the server's certificate is not in {}; set tls.ca_file to the "
                "PEM file of your domain's certification authority",
                ca);
        default:
            return fmt::format("the server's certificate is refused: {}", X509_verify_cert_error_string(error));
    }
}

std::string describe_handshake() {
    const unsigned long error = ERR_peek_error();
    switch (ERR_GET_REASON(error)) {
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
            return "the server offers no TLS 1.2 or newer; enable it on the domain controller";
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
            return "the server does not speak TLS on this port; for ldap:// servers set tls.start_tls: true, and check "
                   "that the domain controller has a certificate";
        default:
            break;
    }
    std::array<char, 256> text{};
    ERR_error_string_n(error, text.data(), text.size());
    return error == 0 ? "the server ended the TLS handshake; has the domain controller a certificate?"
                      : fmt::format("the TLS handshake failed: {}", text.data());
}

}  // namespace

std::string explain_tls_failure(DeadlineSupervisor& supervisor, const ServerEndpoint& server,
                                const std::filesystem::path& ca_file, bool start_tls, std::chrono::milliseconds limit,
                                const std::stop_token& stop) {
    const std::string ca = ca_file.empty() ? std::string(system_ca_file) : ca_file.string();
    ERR_clear_error();
    const Context context(SSL_CTX_new(TLS_client_method()));
    if (context == nullptr || SSL_CTX_load_verify_file(context.get(), ca.c_str()) != 1) {
        return fmt::format("{} holds no usable PEM certificate", ca);
    }
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, &remember_finding);
    auto socket = tcp_connect(supervisor, server, limit, stop);
    if (!socket) {
        return fmt::format("the TLS handshake failed, and the second connection to find out why too: {}",
                           socket.error().detail);
    }
    const auto lifeline = std::make_shared<Lifeline>(socket->get());
    const auto watch = supervisor.watch(lifeline, limit, stop);
    if (!server.ldaps && start_tls && !ask_for_tls(socket->get())) {
        return "the server ended the connection when asked for StartTLS";
    }
    const Session session(SSL_new(context.get()));
    Finding finding;
    SSL_set_app_data(session.get(), &finding);
    SSL_set_fd(session.get(), socket->get());
    SSL_set_tlsext_host_name(session.get(), server.host.c_str());
    X509_VERIFY_PARAM* wanted = SSL_get0_param(session.get());
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, server.host.c_str()) != 1) {
        X509_VERIFY_PARAM_set1_host(wanted, server.host.c_str(), server.host.size());
    }
    ERR_clear_error();
    if (SSL_connect(session.get()) == 1) {
        return "TLS failed, though a second handshake went well: if this stays, the certificate is one that GnuTLS "
               "refuses (a key or signature that is too weak?)";
    }
    if (finding.certificate != nullptr) {
        return describe_verification(finding.error, finding.certificate.get(), server, ca);
    }
    if (lifeline->reason() == CutReason::deadline) {
        return "the server did not finish the TLS handshake in time";
    }
    return describe_handshake();
}

}  // namespace keysyncd::ldap
