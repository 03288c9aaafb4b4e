// Why a question to Entra ID got no answer: a closed set of reasons for metrics and decisions, and words for people.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "entra/http_client.hpp"

namespace keysyncd::entra {

enum class GraphFailure : std::uint8_t {
    resolve,
    connect,
    tls,
    proxy,
    timeout,
    token,
    unauthorized,
    forbidden,
    throttled,
    not_found,
    server,
    bad_answer,
    refused_link,
    too_large,
    stopped,
};
[[nodiscard]] std::string_view to_string(GraphFailure failure) noexcept;

/// Every value of to_string, for metrics that must exist from the start.
inline constexpr std::array<std::string_view, 15> graph_failure_labels{
    "resolve",   "connect",   "tls",    "proxy",      "timeout",      "token",     "unauthorized", "forbidden",
    "throttled", "not_found", "server", "bad_answer", "refused_link", "too_large", "stopped"};

struct GraphError {
    GraphFailure failure{};
    std::string detail;       ///< Microsoft's code and message, and how to mend it; no secrets
    bool no_licence = false;  ///< the tenant has none that includes what was asked for
};

/// Every other question would fare alike: the network, the sign-in, the end of the program. Else it is this one's.
[[nodiscard]] bool is_everywhere(GraphFailure failure) noexcept;
/// Not to be had in this tenant or this cloud, however often it is asked for.
[[nodiscard]] bool is_not_offered(const GraphError& error) noexcept;

[[nodiscard]] GraphError from_http(HttpError error);

/// Graph's {"error": {"code", "message"}} of an answer. Both empty when the body is something else.
struct GraphComplaint {
    std::string code;
    std::string message;
};
[[nodiscard]] GraphComplaint read_complaint(std::string_view body);

/// The error that an answer with this status (not 2xx) stands for, with what to do about it.
/// `what` names the request in words, for example "the audit log".
[[nodiscard]] GraphError from_status(int status, std::string_view body, std::string_view what);

/// An answer that is not what it should be. `why` says what was expected.
[[nodiscard]] GraphError bad_answer(std::string_view what, std::string_view why);

/// Text from outside, made fit for one line of a log: control characters replaced, cut at `most` bytes.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t most = 300);

}  // namespace keysyncd::entra
