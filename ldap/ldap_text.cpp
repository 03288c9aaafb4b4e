#include "ldap/ldap_text.hpp"

#include <ldap.h>

#include <memory>

#include "config/escape.hpp"

namespace keysyncd::ldap {

std::string diagnostic_message(LDAP* handle) {
    char* text = nullptr;
    if (ldap_get_option(handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text) != LDAP_OPT_SUCCESS || text == nullptr) {
        return {};
    }
    const std::unique_ptr<char, decltype(&ldap_memfree)> owned(text, &ldap_memfree);
    return config::escape_control(owned.get());
}

}  // namespace keysyncd::ldap
