#include "daemon/web/status_page.hpp"

#include <string>
#include <string_view>

#include "daemon/web/page_files.hpp"

namespace keysyncd::daemon {
namespace {

/// Its own scripts, styles and answers, and nothing else: no inline script, no other host, no frame.
constexpr const char* policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

struct Asset {
    const char* path;
    const char* file;
    const char* content_type;
};

constexpr const char* script = "text/javascript; charset=utf-8";
constexpr const char* style = "text/css; charset=utf-8";
constexpr Asset assets[] = {
    {"/", "status.html", "text/html; charset=utf-8"},
    {"/assets/icon.svg", "icon.svg", "image/svg+xml"},
    {"/assets/status.css", "status.css", style},
    {"/assets/uplot.css", "uPlot.min.css", style},
    {"/assets/status.js", "status.js", script},
    {"/assets/text.js", "text.js", script},
    {"/assets/dom.js", "dom.js", script},
    {"/assets/charts.js", "charts.js", script},
    {"/assets/user.js", "user.js", script},
    {"/assets/uplot.js", "uPlot.iife.min.js", script},
};

}  // namespace

void add_status_page(HttpRouter& router) {
    for (const Asset& asset : assets) {
        router.get(asset.path, [asset](const HttpRequest&) {
            HttpResponse response;
            response.content_type = asset.content_type;
            response.body = page_file(asset.file);
            response.headers.emplace_back("Content-Security-Policy", policy);
            return response;
        });
    }
}

}  // namespace keysyncd::daemon
