// What libldap must be told before a TLS handshake: to verify the server, by which authorities, nothing below TLS 1.2,
// and the client's certificate where there is one. On the connection's worker thread.
#pragma once

#include <string>

#include "config/settings.hpp"

struct ldap;

namespace keysyncd::ldap {

/// False when an option is refused, which means that a file cannot be used.
[[nodiscard]] bool set_tls_options(struct ldap* handle, const config::TlsSettings& tls, const std::string& ca_file);

/// After the handshake: whether TLS 1.2 or newer was agreed on. To be asked before anything is said.
[[nodiscard]] bool speaks_new_tls(struct ldap* handle);

}  // namespace keysyncd::ldap
