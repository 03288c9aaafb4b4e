#include "daemon/http/http_message.hpp"

#include <algorithm>

namespace keysyncd::daemon {

std::string_view HttpRequest::header(std::string_view name) const noexcept {
    const auto found =
        std::ranges::find(headers, name, [](const auto& field) -> std::string_view { return field.first; });
    return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

std::optional<std::string> HttpRequest::parameter(std::string_view name) const {
    const auto found = std::ranges::find(query, name, [](const auto& pair) -> std::string_view { return pair.first; });
    return found == query.end() ? std::nullopt : std::optional(found->second);
}

HttpResponse HttpResponse::text(unsigned status, std::string line) {
    HttpResponse response;
    response.status = status;
    response.body = std::move(line);
    response.body += '\n';
    return response;
}

}  // namespace keysyncd::daemon
