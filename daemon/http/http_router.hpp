// From a request to its handler: exact paths and prefixes, with 404, 405 and its Allow, and HEAD wherever there is GET.
// Filled before the server starts and only read from then on: any thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "daemon/http/http_message.hpp"

namespace keysyncd::daemon {

class HttpRouter {
  public:
    /// `path` ending in '/' (but not "/" itself) is a prefix: it takes every longer path that has no route of its own.
    void get(std::string path, std::function<HttpResponse(const HttpRequest&)> handler);
    /// A handler that may answer later.
    void get_async(std::string path, HttpHandler handler);
    void post_async(std::string path, HttpHandler handler);

    void handle(HttpRequest request, HttpReply reply) const;

  private:
    struct Route {
        HttpHandler get;
        HttpHandler post;
    };
    [[nodiscard]] const Route* find(std::string_view path) const;

    std::map<std::string, Route, std::less<>> routes_;
};

}  // namespace keysyncd::daemon
