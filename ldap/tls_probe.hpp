// Why TLS with a domain controller failed, in words: libldap over GnuTLS says "(unknown error code)". A second,
// separate handshake with OpenSSL, made only after a failure; nothing but the handshake is ever sent over it.
// Blocking, on a worker thread, with the deadline of its caller.
#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>

#include "ldap/deadline_supervisor.hpp"
#include "ldap/server_endpoint.hpp"

namespace keysyncd::ldap {

/// One sentence with the mend. An empty `ca_file` is the system's store.
[[nodiscard]] std::string explain_tls_failure(DeadlineSupervisor& supervisor, const ServerEndpoint& server,
                                              const std::filesystem::path& ca_file, bool start_tls,
                                              std::chrono::milliseconds limit, const std::stop_token& stop);

}  // namespace keysyncd::ldap
