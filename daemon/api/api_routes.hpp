// The API's endpoints: checks what was asked, has it answered on a thread of its own, gives JSON.
// GET /api/v1/keys, /api/v1/users/USER, /api/v1/cycles. Those about users answer 403 where they are closed.
#pragma once

#include <expected>
#include <string>

#include "daemon/api/api_source.hpp"
#include "daemon/http/http_router.hpp"

namespace keysyncd::daemon {

/// The error tells which parameter, what was found and what was expected.
[[nodiscard]] std::expected<KeyFilter, std::string> parse_key_filter(const HttpRequest& request);

void add_api_routes(HttpRouter& router, ApiSource source, bool users_closed);

}  // namespace keysyncd::daemon
