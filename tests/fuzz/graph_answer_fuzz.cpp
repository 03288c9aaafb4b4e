// Graph's and the token endpoint's answers but the audit log: users, methods, organization, batches, errors, headers.
// And the file in which processes tell each other when they asked.
#include <algorithm>
#include <string>

#include "entra/aadsts.hpp"
#include "entra/authentication_methods.hpp"
#include "entra/batch.hpp"
#include "entra/client_credentials.hpp"
#include "entra/graph_error.hpp"
#include "entra/http_date.hpp"
#include "entra/managed_identity.hpp"
#include "entra/organization.hpp"
#include "entra/paging.hpp"
#include "entra/request_history.hpp"
#include "entra/retry.hpp"
#include "entra/users.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace keysyncd;
using keysyncd::fuzz::require;

namespace {

void require_one_line(std::string_view text) {
    for (const char c : text) {
        require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "a message has no control characters");
    }
}

/// Scheme and host in any case; behind them the default port, a path, a query or nothing.
bool is_on_graph_host(std::string_view url) {
    std::string lower{url};
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    constexpr std::string_view origin = "https://graph.example.com";
    const std::string rest = lower.substr(std::min(origin.size(), lower.size()));
    return lower.starts_with(origin) && (rest.empty() || rest.starts_with(':') || rest.starts_with('/') ||
                                         rest.starts_with('?') || rest.starts_with('#'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text_of(data, size);
    static_cast<void>(entra::read_user(text));
    static_cast<void>(entra::read_organization(text));
    static_cast<void>(entra::read_methods(text, entra::KeyKind::ngc));
    static_cast<void>(entra::read_methods(text, entra::KeyKind::fido));
    if (const auto parts = entra::read_batch(text, 3)) {
        require(parts->size() == 3, "a batch has as many answers as questions");
    }
    static_cast<void>(entra::read_token_answer(text));
    require_one_line(entra::token_error(400, text).detail);
    require_one_line(entra::from_status(403, text, "the audit log").detail);
    static_cast<void>(entra::parse_http_date(text));
    if (const auto wait = entra::parse_retry_after(text, fuzz::now)) {
        require(*wait >= std::chrono::nanoseconds{0} && *wait <= std::chrono::hours{24}, "a wait is within a day");
    }
    const entra::HistoryOwner owner{"a", "b"};
    const entra::Steady now{std::chrono::hours{1}};
    if (const auto history = entra::parse_request_history(text, owner, now)) {
        require(history->not_before <= now + std::chrono::hours{25}, "no file silences the daemon for ever");
        require(entra::parse_request_history(entra::serialize(*history, owner), owner, now) == history,
                "a history survives as text");
    }
    entra::Paging paging{"https://graph.example.com", "https://graph.example.com/v1.0/auditLogs/directoryAudits"};
    if (const auto more = paging.advance(text); more && *more) {
        require(is_on_graph_host(paging.url()), "a next page is on the same host");
    }
    if (const auto file = entra::arc_key_file(text, "/var/opt/azcmagent/tokens")) {
        require(file->parent_path() == "/var/opt/azcmagent/tokens", "a key file is in the agent's own directory");
    }
    return 0;
}
