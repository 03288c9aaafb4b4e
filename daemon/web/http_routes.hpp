// The endpoints of the daemon, put together from callbacks: whoever owns the state plugs it in here.
// The callbacks run on the web server's thread and must not block it.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>

#include "daemon/api/api_source.hpp"
#include "daemon/http/http_router.hpp"

namespace keysyncd::daemon {

/// Told once, from any thread, when the attempt to reload has ended; the error is shown to the caller.
using ReloadDone = std::function<void(std::expected<void, std::string>)>;

struct HttpEndpoints {
    std::function<std::string()> metrics;                   ///< the text of /metrics
    std::function<std::optional<std::string>()> not_ready;  ///< why not; std::nullopt: ready
    std::function<std::string()> config;                    ///< YAML with its secrets redacted
    std::function<void(ReloadDone)> reload;                 ///< empty: no lifecycle endpoint
    std::function<std::string(bool users_shown)> status;    ///< JSON of /api/v1/status; memory only
    ApiSource api;
    bool users_closed = false;  ///< --web.disable-users
};

[[nodiscard]] HttpRouter make_routes(HttpEndpoints endpoints);

}  // namespace keysyncd::daemon
