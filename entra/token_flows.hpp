// From the configured credential to the way its tokens are had.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "config/settings.hpp"
#include "entra/clouds.hpp"
#include "entra/exchange.hpp"
#include "entra/token_source.hpp"

namespace keysyncd::entra {

[[nodiscard]] std::unique_ptr<TokenFlow> make_token_flow(const config::EntraSettings& settings,
                                                         const Endpoints& endpoints, Exchange& exchange, Clock& clock);

/// When the client certificate ends, read from its file; std::nullopt without one, or where it can't be read. Blocking
/// file read, no network.
[[nodiscard]] std::optional<std::chrono::sys_seconds> client_certificate_expiry(const config::Credential& credential);

}  // namespace keysyncd::entra
