#include "daemon/run_command.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>

#include "config/dump.hpp"
#include "config/loader.hpp"
#include "daemon/engine.hpp"
#include "daemon/http_address.hpp"
#include "daemon/http_routes.hpp"
#include "daemon/http_server.hpp"
#include "daemon/version.hpp"
#include "metrics/render.hpp"

namespace keysyncd::daemon {
namespace {

constexpr const char* default_address = "127.0.0.1:10061";

// Owns what runs; the web server's thread asks it, the main thread replaces the engine.
class Daemon {
  public:
    Daemon(RunOptions options, config::Settings settings)
        : options_(std::move(options)),
          instruments_(declared_sources(settings),
                       {std::string{version()}, std::string{revision()}, std::string{compiler()}}),
          engine_(std::make_unique<Engine>(std::move(settings), instruments_, slot_, system_now)),
          in_force_(config::dump(engine_->settings())) {
        instruments_.config_reloaded(true, system_now());
    }

    [[nodiscard]] bool serve(const std::vector<HttpAddress>& addresses) {
        HttpRouter router =
            make_routes({std::string{version()}, [this] { return metrics_text(); }, [this] { return not_ready(); },
                         [this] { return in_force(); }, options_.enable_lifecycle ? reload_endpoint() : nullptr});
        server_ = std::make_unique<HttpServer>(
            HttpServerOptions{.handler = [router = std::move(router)](
                                             HttpRequest request,
                                             HttpReply reply) { router.handle(std::move(request), std::move(reply)); },
                              .on_warning = [](std::string_view warning) { log(LogLevel::warn, warning); }});
        for (const HttpAddress& address : addresses) {
            if (const auto bound = server_->listen(address); !bound) {
                log(LogLevel::error, "cannot listen", {{"error", bound.error()}});
                return false;
            }
        }
        for (const HttpAddress& address : server_->addresses()) {
            log(LogLevel::info, "listening", {{"address", to_string(address)}});
            if (!is_loopback(address) && options_.web_config_file.empty()) {
                log(LogLevel::warn, "anyone who reaches this address can read it: give --web.config.file",
                    {{"address", to_string(address)}});
            }
        }
        server_->start();
        return true;
    }

    void run() {
        boost::asio::signal_set ends{main_, SIGTERM, SIGINT};
        ends.async_wait([this](const boost::system::error_code& error, int signal) {
            if (!error) {
                log(LogLevel::info, "stopping", {{"signal", std::int64_t{signal}}});
                main_.stop();
            }
        });
        boost::asio::signal_set hangup{main_, SIGHUP};
        wait_for_hangup(hangup);
        main_.run();
        server_->stop();
        {
            const std::scoped_lock lock(mutex_);
            stopping_ = true;
        }
        engine_.reset();
        log(LogLevel::info, "stopped");
    }

  private:
    void wait_for_hangup(boost::asio::signal_set& hangup) {
        hangup.async_wait([this, &hangup](const boost::system::error_code& error, int) {
            if (!error) {
                (void)reload();
                wait_for_hangup(hangup);
            }
        });
    }

    std::function<void(ReloadDone)> reload_endpoint() {
        return
            [this](ReloadDone done) { boost::asio::post(main_, [this, done = std::move(done)] { done(reload()); }); };
    }

    // On the main thread. A bad file leaves the old configuration in force.
    std::expected<void, std::string> reload() {
        auto settings = config::load(options_.config_file);
        if (!settings) {
            std::string all;
            for (const config::Problem& problem : settings.error()) {
                const std::string text = to_string(problem);
                log(LogLevel::error, "the configuration is not reloaded", {{"problem", text}});
                all += (all.empty() ? "" : "\n") + text;
            }
            instruments_.config_reloaded(false, system_now());
            return std::unexpected(all);
        }
        const config::Settings before = engine_->settings();
        try {
            replace(*settings);
        } catch (const std::exception& error) {
            log(LogLevel::error, "the new configuration cannot be run: the old one goes on", {{"error", error.what()}});
            instruments_.config_reloaded(false, system_now());
            replace(before);
            return std::unexpected(std::string{error.what()});
        }
        instruments_.config_reloaded(true, system_now());
        log(LogLevel::info, "the configuration was reloaded");
        return {};
    }

    void replace(const config::Settings& settings) {
        {
            const std::scoped_lock lock(mutex_);
            retiring_ = std::move(engine_);
        }
        retiring_.reset();  // the ledger has one owner at a time
        instruments_.declare(declared_sources(settings));
        auto next = std::make_unique<Engine>(settings, instruments_, slot_, system_now);
        const std::scoped_lock lock(mutex_);
        engine_ = std::move(next);
        in_force_ = config::dump(settings);
    }

    [[nodiscard]] std::string metrics_text() const { return metrics::render(*slot_.get(), instruments_, system_now()); }

    [[nodiscard]] std::optional<std::string> not_ready() const {
        const std::scoped_lock lock(mutex_);
        if (!engine_) {
            return stopping_ ? "stopping" : "reloading the configuration";
        }
        std::string reason = engine_->not_ready_reason();
        return reason.empty() ? std::nullopt : std::optional{std::move(reason)};
    }

    [[nodiscard]] std::string in_force() const {
        const std::scoped_lock lock(mutex_);
        return in_force_;
    }

    RunOptions options_;
    boost::asio::io_context main_{1};
    metrics::SnapshotSlot slot_;
    metrics::Instruments instruments_;
    mutable std::mutex mutex_;  ///< engine_ (its pointer), in_force_, stopping_
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Engine> retiring_;
    std::string in_force_;
    bool stopping_ = false;
    std::unique_ptr<HttpServer> server_;  // last: its thread ends before what it asks
};

}  // namespace

int run_daemon(const RunOptions& options) {
    // libldap writes to sockets that the supervisor has shut down.
    std::signal(SIGPIPE, SIG_IGN);
    open_log(options.log_level, options.log_format);

    std::vector<HttpAddress> addresses;
    for (const std::string& text :
         options.listen_addresses.empty() ? std::vector<std::string>{default_address} : options.listen_addresses) {
        const auto address = parse_http_address(text);
        if (!address) {
            std::cerr << "keysyncd: --web.listen-address: " << address.error() << '\n';
            return 2;
        }
        addresses.push_back(*address);
    }
    config::Problems warnings;
    auto settings = config::load(options.config_file, &warnings);
    if (!settings) {
        for (const config::Problem& problem : settings.error()) {
            std::cerr << to_string(problem) << '\n';
        }
        return 2;
    }
    for (const config::Problem& problem : warnings) {
        log(LogLevel::warn, "configuration", {{"problem", to_string(problem)}});
    }
    log(LogLevel::info, "starting keysyncd",
        {{"version", version()}, {"revision", revision()}, {"config_file", options.config_file.string()}});
    try {
        Daemon daemon{options, std::move(*settings)};
        if (!daemon.serve(addresses)) {
            return 1;
        }
        daemon.run();
    } catch (const std::exception& error) {
        log(LogLevel::error, "cannot go on", {{"error", error.what()}});
        return 1;
    }
    return 0;
}

}  // namespace keysyncd::daemon
