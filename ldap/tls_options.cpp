#include "ldap/tls_options.hpp"

#include <ldap.h>

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

// libldap over GnuTLS, which is Debian's, takes X_TLS_PROTOCOL_MIN and does nothing with it.
bool demand_tls_1_2(LDAP* handle) {
    char* raw = nullptr;
    ldap_get_option(handle, LDAP_OPT_X_TLS_PACKAGE, static_cast<void*>(&raw));
    const std::unique_ptr<char, FreeText> package(raw);
    if (package != nullptr && std::string_view(package.get()) == "GnuTLS") {
        return set(handle, LDAP_OPT_X_TLS_CIPHER_SUITE, "NORMAL:-VERS-TLS1.1:-VERS-TLS1.0");
    }
    const int minimum = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2;
    return set(handle, LDAP_OPT_X_TLS_PROTOCOL_MIN, &minimum);
}

}  // namespace

bool set_tls_options(LDAP* handle, const config::TlsSettings& tls, const std::string& ca_file) {
    const int demand = LDAP_OPT_X_TLS_DEMAND;
    bool taken = set(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) &&
                 set(handle, LDAP_OPT_X_TLS_CACERTFILE, ca_file.c_str()) && demand_tls_1_2(handle);
    if (!tls.certificate_file.empty()) {
        const auto& key = tls.key_file.empty() ? tls.certificate_file : tls.key_file;
        taken = taken && set(handle, LDAP_OPT_X_TLS_CERTFILE, tls.certificate_file.c_str()) &&
                set(handle, LDAP_OPT_X_TLS_KEYFILE, key.c_str());
    }
    // Without a context of its own, made last, the handle would silently keep the process-wide options.
    const int as_client = 0;
    return taken && set(handle, LDAP_OPT_X_TLS_NEWCTX, &as_client);
}

}  // namespace keysyncd::ldap
