#include "ldap/ldap_text.hpp"

#include <lber.h>
#include <ldap.h>

#include <memory>

#include "config/escape.hpp"

namespace keysyncd::ldap {

void initialise_libldap() {
    LDAPAPIInfo info{};
    info.ldapai_info_version = LDAP_API_INFO_VERSION;
    if (ldap_get_option(nullptr, LDAP_OPT_API_INFO, &info) == LDAP_OPT_SUCCESS) {
        ber_memvfree(reinterpret_cast<void**>(info.ldapai_extensions));
        ldap_memfree(info.ldapai_vendor_name);
    }
}

std::string diagnostic_message(LDAP* handle) {
    char* text = nullptr;
    if (ldap_get_option(handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, static_cast<void*>(&text)) != LDAP_OPT_SUCCESS ||
        text == nullptr) {
        return {};
    }
    const std::unique_ptr<char, decltype(&ldap_memfree)> owned(text, &ldap_memfree);
    return config::escape_control(owned.get());
}

}  // namespace keysyncd::ldap
