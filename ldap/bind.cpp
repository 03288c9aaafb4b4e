#include "ldap/bind.hpp"

#include <fmt/format.h>
#include <ldap.h>

#include <array>

#include "config/secret_file.hpp"
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

std::expected<void, BindFailure> simple_bind(LDAP* handle, const config::BindSettings& settings, bool over_tls) {
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
        return {};
    }
    const std::string diagnostic = diagnostic_message(handle);
    if (code == result_code::invalid_credentials) {
        return std::unexpected(BindFailure{code, explain_invalid_credentials(diagnostic)});
    }
    return std::unexpected(BindFailure{code, fmt::format("{} ({})", ldap_err2string(code), diagnostic)});
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

std::expected<void, BindFailure> bind(LDAP* handle, const config::BindSettings& settings, bool over_tls) {
    switch (settings.method) {
        case config::BindMethod::simple:
            return simple_bind(handle, settings, over_tls);
        case config::BindMethod::gssapi:
        case config::BindMethod::external:
            break;
    }
    return std::unexpected(BindFailure{0, "this bind.method is not known"});
}

}  // namespace keysyncd::ldap
