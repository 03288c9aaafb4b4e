// The daemon's web server with a canned snapshot behind it, for tests that need no directory: prints where it listens,
// one address a line, and an empty line; stops on SIGTERM.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <thread>

#include "canned_api.hpp"
#include "canned_snapshot.hpp"
#include "daemon/api/api_status.hpp"
#include "daemon/http/http_security.hpp"
#include "daemon/http/http_server.hpp"
#include "daemon/web/http_routes.hpp"
#include "metrics/render.hpp"

namespace {

using namespace keysyncd;

metrics::Moment current_time() {
    return std::chrono::time_point_cast<metrics::Moment::duration>(std::chrono::system_clock::now());
}

struct Choices {
    std::vector<std::string> listen{"127.0.0.1:0"};
    bool ready = true;
    bool lifecycle = false;
    bool empty = false;
    bool print = false;
    bool grow = false;
    bool hashed = false;
    bool disable_users = false;
    std::string web_config;
    std::size_t connections = 512;
    int request_ms = 10'000;
    int idle_ms = 120'000;
    int handler_ms = 30'000;
};

void warn(std::string_view message) {
    fmt::print(stderr, "warning: {}\n", message);
}

daemon::HttpRouter routes(const Choices& choices, const metrics::Snapshot& snapshot,
                          metrics::Instruments& instruments) {
    daemon::HttpEndpoints endpoints;
    endpoints.metrics = [&, started = current_time()] {
        const auto now = current_time();
        if (!choices.grow) {
            return metrics::render(snapshot, instruments, now);
        }
        const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - started);
        instruments.poll_succeeded(metrics::Source::ldap, "lab.example.com", "ldaps://dc1.lab.example.com",
                                   std::chrono::milliseconds(10), now);
        return metrics::render(tests::canned_snapshot(now, age), instruments, now);
    };
    endpoints.not_ready = [ready = choices.ready]() -> std::optional<std::string> {
        return ready ? std::nullopt : std::optional<std::string>("corp.example.com was not read yet");
    };
    endpoints.config = [] { return std::string("domains: []\n"); };
    endpoints.status = [&](bool users_shown) {
        const daemon::ApiStatus status{.version = "0.1.0", .not_ready = std::nullopt, .users_shown = users_shown};
        return daemon::status_json(status, snapshot, metrics::source_health(instruments), current_time());
    };
    endpoints.api = tests::canned_api(current_time(), choices.hashed);
    endpoints.users_closed = choices.disable_users;
    if (choices.lifecycle) {
        endpoints.reload = [](const daemon::ReloadDone& done) {
            std::thread([done] { done({}); }).detach();  // as the daemon does: from another thread
        };
    }
    daemon::HttpRouter router = daemon::make_routes(std::move(endpoints));
    const auto taken = std::make_shared<int>(0);  // handlers run on the server's one thread
    router.get_async("/test/never", [taken](const daemon::HttpRequest&, const daemon::HttpReply&) { ++*taken; });
    router.get_async("/test/slow", [taken](const daemon::HttpRequest&, const daemon::HttpReply& reply) {
        ++*taken;
        std::thread([reply] {
            std::this_thread::sleep_for(std::chrono::milliseconds(400));
            reply(daemon::HttpResponse::text(200, "slow"));
        }).detach();
    });
    router.get("/test/taken",
               [taken](const daemon::HttpRequest&) { return daemon::HttpResponse::text(200, std::to_string(*taken)); });
    router.get("/test/throws",
               [](const daemon::HttpRequest&) -> daemon::HttpResponse { throw std::runtime_error("a defect"); });
    router.get("/test/echo/", [](const daemon::HttpRequest& request) {
        std::string text = request.path;
        for (const auto& [name, value] : request.query) {
            text += "\n" + name + "=" + value;
        }
        return daemon::HttpResponse::text(200, text);
    });
    return router;
}

int serve(const Choices& choices) {
    const auto now = current_time();
    const metrics::Snapshot snapshot = choices.empty ? metrics::Snapshot{} : tests::canned_snapshot(now);
    const auto instruments = tests::canned_instruments(now);
    if (choices.print) {
        fmt::print("{}", metrics::render(snapshot, *instruments, now));
        return 0;
    }
    const daemon::HttpRouter router = routes(choices, snapshot, *instruments);
    daemon::HttpLimits limits;
    limits.connections = choices.connections;
    limits.request = std::chrono::milliseconds(choices.request_ms);
    limits.idle = std::chrono::milliseconds(choices.idle_ms);
    limits.handler = std::chrono::milliseconds(choices.handler_ms);
    daemon::HttpServerOptions options{
        .handler = [&router](daemon::HttpRequest request,
                             daemon::HttpReply reply) { router.handle(std::move(request), std::move(reply)); },
        .limits = limits,
        .on_warning = warn,
    };
    std::unique_ptr<daemon::HttpSecurity> security;
    if (!choices.web_config.empty()) {
        auto opened = daemon::HttpSecurity::open(choices.web_config, warn);
        if (!opened) {
            fmt::print(stderr, "{}\n", opened.error());
            return 2;
        }
        security = std::move(*opened);
        security->protect(options);
    }
    daemon::HttpServer server(std::move(options));
    for (const std::string& text : choices.listen) {
        const auto address = daemon::parse_http_address(text);
        const auto bound = address ? server.listen(*address) : std::unexpected(address.error());
        if (!bound) {
            fmt::print(stderr, "{}\n", bound.error());
            return 1;
        }
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    server.start();
    for (const auto& address : server.addresses()) {
        if (const auto warning = daemon::exposure(
                address, security.get(), choices.disable_users ? daemon::UserPages::closed : daemon::UserPages::open)) {
            warn(*warning);
        }
        fmt::print("{}\n", to_string(address));
    }
    fmt::print("\n");
    std::fflush(stdout);
    int signal = 0;
    sigwait(&signals, &signal);
    server.stop();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Choices choices;
    CLI::App app{"The web server of keysyncd with canned figures"};
    app.add_option("--listen", choices.listen);
    app.add_flag("!--not-ready", choices.ready);
    app.add_flag("--lifecycle", choices.lifecycle);
    app.add_flag("--empty", choices.empty);
    app.add_flag("--grow", choices.grow, "figures that grow from second to second");
    app.add_flag("--hashed", choices.hashed);
    app.add_flag("--disable-users", choices.disable_users);
    app.add_flag("--print", choices.print, "print the exposition once and end");
    app.add_option("--web-config", choices.web_config);
    app.add_option("--connections", choices.connections);
    app.add_option("--request-ms", choices.request_ms);
    app.add_option("--idle-ms", choices.idle_ms);
    app.add_option("--handler-ms", choices.handler_ms);
    CLI11_PARSE(app, argc, argv);
    return serve(choices);
}
