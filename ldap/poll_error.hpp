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
};

}  // namespace keysyncd::ldap
