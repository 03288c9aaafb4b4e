// Name resolution, on the calling thread, and the TCP connect, on the supervisor's io_context, with one deadline:
// libldap can bound neither. Called from a worker thread, which waits for the outcome.
#pragma once

#include <chrono>
#include <expected>
#include <stop_token>

#include "ldap/deadline_supervisor.hpp"
#include "ldap/file_descriptor.hpp"
#include "ldap/poll_error.hpp"
#include "ldap/server_endpoint.hpp"

namespace keysyncd::ldap {

/// A connected, blocking, close-on-exec socket. Every address of the host is tried in turn.
[[nodiscard]] std::expected<FileDescriptor, PollError> tcp_connect(DeadlineSupervisor& supervisor,
                                                                   const ServerEndpoint& server,
                                                                   std::chrono::milliseconds limit,
                                                                   const std::stop_token& stop);

}  // namespace keysyncd::ldap
