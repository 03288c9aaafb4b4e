#include "daemon/web/http_routes.hpp"

#include <utility>

#include "daemon/api/api_routes.hpp"
#include "daemon/web/status_page.hpp"
#include "metrics/render.hpp"

namespace keysyncd::daemon {
namespace {

void add_health(HttpRouter& router, std::function<std::optional<std::string>()> not_ready) {
    router.get("/-/healthy", [](const HttpRequest&) { return HttpResponse::text(200, "keysyncd is healthy."); });
    router.get("/-/ready", [not_ready = std::move(not_ready)](const HttpRequest&) {
        const auto reason = not_ready();
        return reason ? HttpResponse::text(503, "keysyncd is not ready: " + *reason)
                      : HttpResponse::text(200, "keysyncd is ready.");
    });
}

void add_reload(HttpRouter& router, std::function<void(ReloadDone)> reload) {
    router.post_async("/-/reload", [reload = std::move(reload)](const HttpRequest&, HttpReply reply) {
        reload([reply = std::move(reply)](const std::expected<void, std::string>& outcome) {
            reply(outcome ? HttpResponse::text(200, "The configuration was reloaded.")
                          : HttpResponse::text(500, "The old configuration stays in force: " + outcome.error()));
        });
    });
}

void add_pages(HttpRouter& router, const HttpEndpoints& endpoints) {
    add_status_page(router);
    router.get("/api/v1/status", [status = endpoints.status, shown = !endpoints.users_closed](const HttpRequest&) {
        HttpResponse response;
        response.content_type = "application/json";
        response.body = status(shown);
        return response;
    });
    add_api_routes(router, endpoints.api, endpoints.users_closed);
}

}  // namespace

HttpRouter make_routes(HttpEndpoints endpoints) {
    HttpRouter router;
    add_pages(router, endpoints);
    router.get("/metrics", [metrics = std::move(endpoints.metrics)](const HttpRequest&) {
        HttpResponse response;
        response.content_type = metrics::content_type;
        response.body = metrics();
        return response;
    });
    router.get("/config", [config = std::move(endpoints.config)](const HttpRequest&) {
        HttpResponse response;
        response.content_type = "text/yaml; charset=utf-8";
        response.body = config();
        return response;
    });
    add_health(router, std::move(endpoints.not_ready));
    if (endpoints.reload) {
        add_reload(router, std::move(endpoints.reload));
    }
    return router;
}

}  // namespace keysyncd::daemon
