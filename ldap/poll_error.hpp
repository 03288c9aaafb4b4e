// Why a directory poll failed, as a value: the closed set behind keysync_poll_failures_total{reason} and the words for
// the log. `detail` says what was expected, where, and how to mend it; it never holds a secret.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace keysyncd::ldap {

enum class PollFailure : std::uint8_t {
    resolve,
    connect,
    tls,
    bind,
    rights,
    timeout,
    protocol,
    server_busy,
    search,
    stopped,
    configuration,
};
/// Every value's name, in order.
inline constexpr std::array<std::string_view, 11> poll_failure_labels{
    "resolve",  "connect",     "tls",    "bind",    "rights",       "timeout",
    "protocol", "server_busy", "search", "stopped", "configuration"};
[[nodiscard]] std::string_view to_string(PollFailure failure) noexcept;

struct PollError {
    PollFailure failure{};
    std::string server;
    std::string detail;  ///< what happened and how to mend it; no secrets
    int code = 0;        ///< the server's result code, where it gave one
};

/// Whether the first request on a connection that was kept may fail so because the server has ended it meanwhile: after
/// 15 idle minutes, with the account's ticket, or because its service started anew. The server need not be worse for
/// it.
[[nodiscard]] bool was_cut(const PollError& error) noexcept;

}  // namespace keysyncd::ldap
