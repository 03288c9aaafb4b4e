#include "daemon/http/http_router.hpp"

#include <utility>

namespace keysyncd::daemon {
namespace {

/// A page of another site can make a browser post here, but not hide where it comes from.
bool is_cross_site(const HttpRequest& request) {
    const std::string_view origin = request.header("origin");
    const auto scheme_end = origin.find("://");
    return !origin.empty() &&
           (scheme_end == std::string_view::npos || origin.substr(scheme_end + 3) != request.header("host"));
}

}  // namespace

void HttpRouter::get(std::string path, std::function<HttpResponse(const HttpRequest&)> handler) {
    get_async(std::move(path), [handler = std::move(handler)](const HttpRequest& request, const HttpReply& reply) {
        reply(handler(request));
    });
}

void HttpRouter::get_async(std::string path, HttpHandler handler) {
    routes_[std::move(path)].get = std::move(handler);
}

void HttpRouter::post_async(std::string path, HttpHandler handler) {
    routes_[std::move(path)].post = std::move(handler);
}

const HttpRouter::Route* HttpRouter::find(std::string_view path) const {
    if (const auto exact = routes_.find(path); exact != routes_.end()) {
        return &exact->second;
    }
    for (auto slash = path.rfind('/'); slash != std::string_view::npos && slash > 0;
         slash = path.rfind('/', slash - 1)) {
        if (const auto prefix = routes_.find(path.substr(0, slash + 1)); prefix != routes_.end()) {
            return &prefix->second;
        }
    }
    return nullptr;
}

void HttpRouter::handle(HttpRequest request, HttpReply reply) const {
    const Route* route = find(request.path);
    if (route == nullptr) {
        reply(HttpResponse::text(404, "Not found."));
        return;
    }
    if (route->get && (request.method == "GET" || request.method == "HEAD")) {
        route->get(std::move(request), std::move(reply));
        return;
    }
    if (route->post && request.method == "POST") {
        if (is_cross_site(request)) {
            reply(HttpResponse::text(403, "Refused: the request comes from a page of another site."));
            return;
        }
        route->post(std::move(request), std::move(reply));
        return;
    }
    const std::string allowed = std::string(route->get ? "GET, HEAD" : "") + (route->get && route->post ? ", " : "") +
                                (route->post ? "POST" : "");
    HttpResponse response = HttpResponse::text(405, "Method not allowed; allowed: " + allowed + ".");
    response.headers.emplace_back("Allow", allowed);
    reply(std::move(response));
}

}  // namespace keysyncd::daemon
