#include "daemon/http/http_router.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "daemon/web/http_routes.hpp"

using namespace keysyncd::daemon;

namespace {

HttpResponse ask(const HttpRouter& router, std::string method, std::string path,
                 std::vector<std::pair<std::string, std::string>> headers = {}) {
    HttpRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.headers = std::move(headers);
    std::optional<HttpResponse> answer;
    router.handle(std::move(request), [&answer](HttpResponse response) { answer = std::move(response); });
    REQUIRE(answer);
    return *answer;
}

std::string header(const HttpResponse& response, std::string_view name) {
    const auto found = std::ranges::find(response.headers, name, &std::pair<std::string, std::string>::first);
    return found == response.headers.end() ? "" : found->second;
}

HttpRouter sample() {
    HttpRouter router;
    router.get("/", [](const HttpRequest&) { return HttpResponse::text(200, "root"); });
    router.get("/users/", [](const HttpRequest& request) { return HttpResponse::text(200, "user " + request.path); });
    router.get("/users/me", [](const HttpRequest&) { return HttpResponse::text(200, "me"); });
    router.post_async("/reload",
                      [](const HttpRequest&, const HttpReply& reply) { reply(HttpResponse::text(200, "reloaded")); });
    return router;
}

HttpEndpoints endpoints(std::optional<std::string> not_ready) {
    return {.metrics = [] { return "keysync_x 1\n"; },
            .not_ready = [not_ready] { return not_ready; },
            .config = [] { return "domains: []\n"; },
            .reload = {},
            .status = [](bool users_shown) { return std::string(users_shown ? "{\"users\":1}" : "{}"); },
            .api = {},
            .users_closed = true};
}

}  // namespace

TEST_CASE("exact routes win over prefixes, and the root is no prefix") {
    const HttpRouter router = sample();
    CHECK(ask(router, "GET", "/").body == "root\n");
    CHECK(ask(router, "GET", "/users/me").body == "me\n");
    CHECK(ask(router, "GET", "/users/ada/x").body == "user /users/ada/x\n");
    CHECK(ask(router, "HEAD", "/users/ada").status == 200);
    for (const char* path : {"", "/x", "/users", "/users2/x", "//users/x", "/Users/x", "/users/../reload/"}) {
        CAPTURE(path);
        CHECK(ask(router, "GET", path).status == (std::string_view(path).starts_with("/users/") ? 200 : 404));
    }
}

TEST_CASE("a method that a route does not take is answered with those it takes") {
    const HttpRouter router = sample();
    const HttpResponse put = ask(router, "PUT", "/users/me");
    CHECK(put.status == 405);
    CHECK(header(put, "Allow") == "GET, HEAD");
    const HttpResponse get = ask(router, "GET", "/reload");
    CHECK(get.status == 405);
    CHECK(header(get, "Allow") == "POST");
}

TEST_CASE("a page of another site cannot make a browser post") {
    const HttpRouter router = sample();
    const auto post = [&](const char* origin) {
        return ask(router, "POST", "/reload", {{"host", "127.0.0.1:10061"}, {"origin", origin}}).status;
    };
    CHECK(ask(router, "POST", "/reload", {{"host", "127.0.0.1:10061"}}).status == 200);
    CHECK(post("http://127.0.0.1:10061") == 200);
    CHECK(post("https://127.0.0.1:10061") == 200);
    CHECK(post("http://evil.example") == 403);
    CHECK(post("http://127.0.0.1:10061.evil.example") == 403);
    CHECK(post("null") == 403);
}

TEST_CASE("the daemon's endpoints") {
    const HttpRouter ready = make_routes(endpoints(std::nullopt));
    CHECK(ask(ready, "GET", "/metrics").content_type == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(ask(ready, "GET", "/metrics").body == "keysync_x 1\n");
    CHECK(ask(ready, "GET", "/-/healthy").status == 200);
    CHECK(ask(ready, "GET", "/-/ready").status == 200);
    CHECK(ask(ready, "GET", "/config").body == "domains: []\n");
    CHECK(ask(ready, "POST", "/-/reload").status == 404);
    const HttpResponse page = ask(ready, "GET", "/");
    CHECK(page.content_type == "text/html; charset=utf-8");
    CHECK(header(page, "Content-Security-Policy").find("script-src 'self';") != std::string::npos);
    CHECK(ask(ready, "GET", "/assets/uplot.js").body.size() > 10'000);
    CHECK(ask(ready, "GET", "/assets/nothing.js").status == 404);
    CHECK(ask(ready, "GET", "/api/v1/status").body == "{}");
    CHECK(ask(ready, "GET", "/api/v1/keys").status == 403);
    const HttpResponse waiting = ask(make_routes(endpoints("corp was not read yet")), "GET", "/-/ready");
    CHECK(waiting.status == 503);
    CHECK(waiting.body.find("corp was not read yet") != std::string::npos);
}

TEST_CASE("a reload that fails says so and why") {
    HttpEndpoints given = endpoints(std::nullopt);
    given.reload = [](const ReloadDone& done) { done(std::unexpected<std::string>("keysyncd.yaml:3:5: no")); };
    const HttpResponse failed = ask(make_routes(std::move(given)), "POST", "/-/reload");
    CHECK(failed.status == 500);
    CHECK(failed.body.find("keysyncd.yaml:3:5: no") != std::string::npos);
}
