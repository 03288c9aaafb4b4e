// Access tokens for Graph: fetched when needed, kept in memory, renewed before they end. One worker thread.
// How a token is had (secret, certificate, ...) is a TokenFlow's business.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>

#include "config/secret_file.hpp"
#include "entra/clock.hpp"
#include "entra/graph_error.hpp"

namespace keysyncd::entra {

struct AccessToken {
    config::Secret value;
    std::chrono::seconds lifetime{};
};

/// One way to a token. Reads its secret, key or token file anew each time, so that what is rotated on disk is used.
class TokenFlow {
  public:
    virtual ~TokenFlow() = default;

    [[nodiscard]] virtual std::expected<AccessToken, GraphError> request_token(const std::stop_token& stop) = 0;
};

class TokenSource {
  public:
    TokenSource(std::unique_ptr<TokenFlow> flow, Clock& clock);

    /// Valid until the next call.
    [[nodiscard]] std::expected<std::string_view, GraphError> token(const std::stop_token& stop);

    /// Graph refused the token: the next call fetches another.
    void reject() noexcept { held_.reset(); }

  private:
    struct Held {
        AccessToken token;
        Steady renew_at;  ///< from here on another one is fetched
        Steady ends_at;   ///< until here this one serves when no other can be had
    };
    std::unique_ptr<TokenFlow> flow_;
    Clock& clock_;
    std::optional<Held> held_;
};

}  // namespace keysyncd::entra
