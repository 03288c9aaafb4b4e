#include "ldap/bind.hpp"

#include <fmt/format.h>
#include <ldap.h>

#include <array>

#include "config/secret_file.hpp"
#include "ldap/kerberos_ticket.hpp"
#include "ldap/ldap_text.hpp"
#include "ldap/search.hpp"

namespace keysyncd::ldap {
namespace {

// ERROR_* of winerror.h, in hexadecimal, as the domain controller appends them.
struct LogonError {
    std::string_view code;
    std::string_view meaning;
};
constexpr std::array<LogonError, 9> logon_errors{{
    {"525", "the account does not exist; check bind.dn"},
    {"52e", "the account or its password is wrong; check bind.dn and bind.password_file"},
    {"530", "the account may not log on at this hour"},
    {"531", "the account may not log on from this machine"},
    {"532", "the account's password has expired; set a new one"},
    {"533", "the account is disabled; enable it"},
    {"701", "the account has expired; extend it"},
    {"773", "the account must change its password first; set one and clear \"must change at next logon\""},
    {"775", "the account is locked out; unlock it and find out who used a wrong password"},
}};

std::expected<BindExpiry, BindFailure> simple_bind(LDAP* handle, const config::BindSettings& settings, bool over_tls) {
    if (!over_tls) {
        return std::unexpected(BindFailure{
            0, "a simple bind would send the password in clear: use an ldaps:// server or tls.start_tls: true"});
    }
    const auto password = config::read_secret_file(settings.password_file);
    if (!password) {
        return std::unexpected(BindFailure{0, password.error()});
    }
    if (password->empty()) {
        // RFC 4513 5.1.2: an empty password is an anonymous bind that "succeeds".
        return std::unexpected(BindFailure{0, "the password file is empty"});
    }
    berval credentials{};
    credentials.bv_len = password->expose().size();
    credentials.bv_val = const_cast<char*>(password->expose().data());  // libldap reads it only
    const int code =
        ldap_sasl_bind_s(handle, settings.dn.c_str(), LDAP_SASL_SIMPLE, &credentials, nullptr, nullptr, nullptr);
    if (code == LDAP_SUCCESS) {
        return BindExpiry{};
    }
    const std::string diagnostic = diagnostic_message(handle);
    if (code == result_code::invalid_credentials) {
        return std::unexpected(BindFailure{code, explain_invalid_credentials(diagnostic)});
    }
    return std::unexpected(BindFailure{code, fmt::format("{} ({})", ldap_err2string(code), diagnostic)});
}

std::unexpected<BindFailure> refused(LDAP* handle, int code, std::string_view mend) {
    const std::string diagnostic = diagnostic_message(handle);
    return std::unexpected(BindFailure{
        code, fmt::format("{}{}{}{}", ldap_err2string(code), diagnostic.empty() ? "" : fmt::format(" ({})", diagnostic),
                          mend.empty() ? "" : "; ", mend)});
}

// GSSAPI asks for nothing: the ticket says it all.
int answer_nothing(LDAP* /*handle*/, unsigned /*flags*/, void* /*defaults*/, void* /*questions*/) {
    return LDAP_SUCCESS;
}

std::expected<BindExpiry, BindFailure> gssapi_bind(LDAP* handle, const BindRequest& request) {
    // Less than the whole: who waits in vain for the KDC is to be told so, not that the domain controller hangs.
    const auto ticket = KerberosTicket::acquire(request.settings.principal, request.settings.keytab, request.host,
                                                request.limit * 3 / 4, request.stop);
    if (!ticket) {
        return std::unexpected(BindFailure{0, ticket.error()});
    }
    ticket->use_on_this_thread();
    // One layer of protection: TLS, bound to this very channel, or else Kerberos' own sealing.
    ldap_set_option(handle, LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON);
    ldap_set_option(handle, LDAP_OPT_X_SASL_SECPROPS, request.over_tls ? "none,minssf=0,maxssf=0" : "minssf=56");
    if (request.over_tls) {
        const int endpoint = LDAP_OPT_X_SASL_CBINDING_TLS_ENDPOINT;
        ldap_set_option(handle, LDAP_OPT_X_SASL_CBINDING, &endpoint);
    }
    const int code = ldap_sasl_interactive_bind_s(handle, nullptr, "GSSAPI", nullptr, nullptr, LDAP_SASL_QUIET,
                                                  &answer_nothing, nullptr);
    if (code == LDAP_SUCCESS) {
        return ticket->expiry();
    }
    return refused(
        handle, code,
        code == LDAP_STRONG_AUTH_REQUIRED && request.over_tls
            ? "on Samba set \"ldap server require strong auth = allow_sasl_over_tls\", or use ldap://, which is "
              "signed and sealed by Kerberos"
        : code == LDAP_AUTH_UNKNOWN ? "the SASL mechanism GSSAPI is missing: install "
                                      "libsasl2-modules-gssapi-mit"
                                    : "");
}

std::expected<BindExpiry, BindFailure> external_bind(LDAP* handle, const BindRequest& request) {
    if (!request.over_tls) {
        return std::unexpected(BindFailure{
            0, "bind.method: external takes who we are from the TLS session: use an ldaps:// server or tls.start_tls"});
    }
    const int code = ldap_sasl_bind_s(handle, nullptr, "EXTERNAL", nullptr, nullptr, nullptr, nullptr);
    if (code == LDAP_SUCCESS) {
        return BindExpiry{};
    }
    return refused(handle, code,
                   "the server takes no client certificate, or not this one: check tls.certificate_file, and that it "
                   "is mapped to the account");
}

}  // namespace

std::string explain_invalid_credentials(std::string_view diagnostic) {
    constexpr std::string_view marker = "data ";
    if (const auto at = diagnostic.find(marker); at != std::string_view::npos) {
        const auto code = diagnostic.substr(at + marker.size());
        for (const auto& error : logon_errors) {
            if (code.starts_with(error.code) && (code.size() == 3 || code[3] == ',' || code[3] == ' ')) {
                return fmt::format("{} (data {})", error.meaning, error.code);
            }
        }
    }
    return fmt::format("the domain controller refuses the account's credentials ({})", diagnostic);
}

std::expected<BindExpiry, BindFailure> bind(LDAP* handle, const BindRequest& request) {
    switch (request.settings.method) {
        case config::BindMethod::simple:
            return simple_bind(handle, request.settings, request.over_tls);
        case config::BindMethod::gssapi:
            return gssapi_bind(handle, request);
        case config::BindMethod::external:
            return external_bind(handle, request);
    }
    return std::unexpected(BindFailure{0, "this bind.method is not known"});
}

}  // namespace keysyncd::ldap
