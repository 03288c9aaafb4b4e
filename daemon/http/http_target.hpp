// The target of a request line (RFC 9112, section 3.2): origin-form, and absolute-form as a proxy sends it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keysyncd::daemon {

struct HttpTarget {
    std::string path;                                        ///< percent-decoded
    std::vector<std::pair<std::string, std::string>> query;  ///< decoded; '+' is a space, as forms send it
};

/// std::nullopt: not a valid target.
[[nodiscard]] std::optional<HttpTarget> parse_http_target(std::string_view text);

}  // namespace keysyncd::daemon
