// The status page at "/" and its scripts and styles under /assets/. Static text: what it shows it asks of the API.
#pragma once

#include "daemon/http/http_router.hpp"

namespace keysyncd::daemon {

void add_status_page(HttpRouter& router);

}  // namespace keysyncd::daemon
