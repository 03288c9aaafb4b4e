#include "ldap/tls_options.hpp"

#include <ldap.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

namespace keysyncd::ldap {
namespace {

struct FreeText {
    void operator()(char* text) const noexcept { ldap_memfree(text); }
};

bool set(LDAP* handle, int option, const void* value) {
    return ldap_set_option(handle, option, value) == LDAP_OPT_SUCCESS;
}

}  // namespace

bool set_tls_options(LDAP* handle, const config::TlsSettings& tls, const std::string& ca_file) {
    const int demand = LDAP_OPT_X_TLS_DEMAND;
    const int minimum = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2;
    bool taken = set(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) &&
                 set(handle, LDAP_OPT_X_TLS_CACERTFILE, ca_file.c_str()) &&
                 set(handle, LDAP_OPT_X_TLS_PROTOCOL_MIN, &minimum);
    if (!tls.certificate_file.empty()) {
        const auto& key = tls.key_file.empty() ? tls.certificate_file : tls.key_file;
        taken = taken && set(handle, LDAP_OPT_X_TLS_CERTFILE, tls.certificate_file.c_str()) &&
                set(handle, LDAP_OPT_X_TLS_KEYFILE, key.c_str());
    }
    // Without a context of its own, made last, the handle would silently keep the process-wide options.
    const int as_client = 0;
    return taken && set(handle, LDAP_OPT_X_TLS_NEWCTX, &as_client);
}

// libldap over GnuTLS, which is Debian's, takes X_TLS_PROTOCOL_MIN and does nothing with it; a list of ciphers, which
// could say the same, costs a leak in libldap with each connection.
bool speaks_new_tls(LDAP* handle) {
    char* raw = nullptr;
    ldap_get_option(handle, LDAP_OPT_X_TLS_VERSION, static_cast<void*>(&raw));
    const std::unique_ptr<char, FreeText> version(raw);
    constexpr std::array<std::string_view, 6> old{"SSL3.0", "SSLv3", "TLS1.0", "TLSv1", "TLS1.1", "TLSv1.1"};
    return version != nullptr && std::ranges::find(old, std::string_view{version.get()}) == old.end();
}

}  // namespace keysyncd::ldap
