// What the web server hands to a handler and gets back: plain data, nothing of Beast or Asio.
// A handler is called on the server's thread and must not block there; it may answer at once or later from any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keysyncd::daemon {

struct HttpRequest {
    std::string method;
    std::string path;                                          ///< percent-decoded, without the query
    std::vector<std::pair<std::string, std::string>> query;    ///< decoded, in the order given
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::string body;
    std::string peer;  ///< address and port, for the log

    /// The first of that name (in lower case); "" when there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
    [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
};

struct HttpResponse {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;

    /// A plain text answer of one line.
    [[nodiscard]] static HttpResponse text(unsigned status, std::string line);
};

using HttpReply = std::function<void(HttpResponse)>;
/// Calls the reply exactly once, sooner or later; later than HttpLimits::handler the client has got a 503 instead.
using HttpHandler = std::function<void(HttpRequest, HttpReply)>;

/// std::nullopt: the request may go to the handler; else this is its answer. Told once, from any thread.
using HttpVerdict = std::function<void(std::optional<HttpResponse>)>;
/// Asked before the handler, on the server's thread.
using HttpGate = std::function<void(const HttpRequest&, HttpVerdict)>;

}  // namespace keysyncd::daemon
