// The plain page that links what the server offers. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/http_message.hpp"

namespace keysyncd::daemon {

/// Text for HTML element content and quoted attributes, hostile or not.
[[nodiscard]] std::string escape_html(std::string_view text);

/// `links`: path and what is there.
[[nodiscard]] HttpResponse landing_page(std::string_view version,
                                        std::span<const std::pair<std::string_view, std::string_view>> links);

}  // namespace keysyncd::daemon
