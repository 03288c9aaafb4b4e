#include "daemon/command/run_command.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>

#include "config/dump.hpp"
#include "config/loader.hpp"
#include "daemon/api/api_ledger.hpp"
#include "daemon/api/api_status.hpp"
#include "daemon/http/http_address.hpp"
#include "daemon/http/http_security.hpp"
#include "daemon/http/http_server.hpp"
#include "daemon/monitor/engine.hpp"
#include "daemon/process/memory.hpp"
#include "daemon/process/progress.hpp"
#include "daemon/process/systemd_notify.hpp"
#include "daemon/process/version.hpp"
#include "daemon/web/http_routes.hpp"
#include "metrics/render.hpp"
#include "metrics/source_health.hpp"

namespace keysyncd::daemon {
namespace {

constexpr const char* default_address = "127.0.0.1:10061";

constexpr int usage_error = 2;

void warn_of_web(std::string_view warning) {
    log(LogLevel::warn, "web server", {{"detail", warning}});
}

// Owns what runs; the web server's thread asks it, the main thread replaces the engine.
class Daemon {
  public:
    Daemon(RunOptions options, config::Settings settings, SystemdNotify& service_manager)
        : options_(std::move(options)),
          service_manager_(service_manager),
          instruments_(declared_sources(settings),
                       {std::string{version()}, std::string{revision()}, std::string{compiler()}}),
          engine_(start(settings)),
          in_force_(engine_->settings()) {
        instruments_.config_reloaded(true, system_now());
    }

    /// 0, or the exit code.
    [[nodiscard]] int serve(const std::vector<HttpAddress>& addresses) {
        HttpRouter router = make_routes({.metrics = [this] { return metrics_text(); },
                                         .not_ready = [this] { return not_ready(); },
                                         .config = [this] { return in_force(); },
                                         .reload = options_.enable_lifecycle ? reload_endpoint() : nullptr,
                                         .status = [this](bool users_shown) { return status_text(users_shown); },
                                         .api = ledger_api([this] { return settings_in_force(); }, system_now),
                                         .users_closed = options_.disable_users});
        HttpServerOptions server{.handler =
                                     [router = std::move(router)](HttpRequest request, HttpReply reply) {
                                         router.handle(std::move(request), std::move(reply));
                                     },
                                 .on_warning = warn_of_web};
        if (!options_.web_config_file.empty()) {
            auto security = HttpSecurity::open(options_.web_config_file, warn_of_web);
            if (!security) {
                std::cerr << security.error() << '\n';
                return usage_error;
            }
            security_ = std::move(*security);
            security_->protect(server);
        }
        server_ = std::make_unique<HttpServer>(std::move(server));
        for (const HttpAddress& address : addresses) {
            if (const auto bound = server_->listen(address); !bound) {
                log(LogLevel::error, "cannot listen", {{"error", bound.error()}});
                return 1;
            }
        }
        const UserPages users = options_.disable_users ? UserPages::closed : UserPages::open;
        for (const HttpAddress& address : server_->addresses()) {
            log(LogLevel::info, "listening", {{"address", to_string(address)}});
            if (const auto warning = exposure(address, security_.get(), users)) {
                log(LogLevel::warn, *warning, {{"address", to_string(address)}});
            }
        }
        if (security_) {
            security_->watch_exposure(server_->addresses(), users);
        }
        server_->start();
        return 0;
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
        boost::asio::steady_timer watchdog{main_};
        feed_watchdog(watchdog);
        service_manager_.ready();
        main_.run();
        service_manager_.stopping();
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
                service_manager_.reloading();
                if (const auto reloaded = reload(); !reloaded) {
                    service_manager_.status("the configuration is not sound: the old one is in force");
                }
                service_manager_.ready();
                wait_for_hangup(hangup);
            }
        });
    }

    // Only while every part moves: a service that stands still is better restarted.
    void feed_watchdog(boost::asio::steady_timer& timer) {
        const auto period = service_manager_.watchdog();
        if (!period) {
            return;
        }
        const std::vector<std::string> stalled = progress_.stalled(Progress::Clock::now());
        if (stalled.empty()) {
            service_manager_.feed_watchdog();
        }
        for (const std::string& part : stalled) {
            log(LogLevel::error, "a part of the daemon stands still", {{"part", part}});
        }
        timer.expires_after(*period / 3);
        timer.async_wait([this, &timer](const boost::system::error_code& error) {
            if (!error) {
                feed_watchdog(timer);
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
        auto next = start(settings);
        const std::scoped_lock lock(mutex_);
        engine_ = std::move(next);
        in_force_ = settings;
    }

    std::unique_ptr<Engine> start(const config::Settings& settings) {
        return std::make_unique<Engine>(settings, instruments_, slot_, progress_, lanes_, system_now, [this] {
            boost::asio::post(main_, [this] {
                log(LogLevel::error, "the ledger shows to be damaged: it is opened anew");
                replace(settings_in_force());
            });
        });
    }

    // On the web server's thread, whose certificate may have been renewed.
    [[nodiscard]] std::string metrics_text() {
        if (const auto expiry = security_ ? security_->certificate_expiry() : std::nullopt) {
            for (const HttpAddress& address : server_->addresses()) {
                instruments_.certificate_expiry("https://" + to_string(address), *expiry);
            }
        }
        return metrics::render(*slot_.get(), instruments_, system_now());
    }

    [[nodiscard]] std::optional<std::string> not_ready() const {
        const std::scoped_lock lock(mutex_);
        if (!engine_) {
            return stopping_ ? "stopping" : "reloading the configuration";
        }
        std::string reason = engine_->not_ready_reason();
        return reason.empty() ? std::nullopt : std::optional{std::move(reason)};
    }

    [[nodiscard]] std::string status_text(bool users_shown) const {
        return status_json({.version = std::string{version()}, .not_ready = not_ready(), .users_shown = users_shown},
                           *slot_.get(), metrics::source_health(instruments_), system_now());
    }

    [[nodiscard]] config::Settings settings_in_force() const {
        const std::scoped_lock lock(mutex_);
        return in_force_;
    }

    [[nodiscard]] std::string in_force() const { return config::dump(settings_in_force()); }

    RunOptions options_;
    SystemdNotify& service_manager_;
    boost::asio::io_context main_{1};
    metrics::SnapshotSlot slot_;
    metrics::Instruments instruments_;
    Progress progress_;
    RequestLanes lanes_;
    mutable std::mutex mutex_;  ///< engine_ (its pointer), in_force_, stopping_
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Engine> retiring_;
    config::Settings in_force_;
    bool stopping_ = false;
    std::unique_ptr<HttpSecurity> security_;
    std::unique_ptr<HttpServer> server_;  // last: its thread ends before what it asks
};

}  // namespace

int run_daemon(const RunOptions& options) {
    share_memory_among_threads();
    // libldap writes to sockets that the supervisor has shut down.
    std::signal(SIGPIPE, SIG_IGN);
    SystemdNotify service_manager = SystemdNotify::from_environment();
    open_log(options.log_level, options.log_format);

    std::vector<HttpAddress> addresses;
    for (const std::string& text :
         options.listen_addresses.empty() ? std::vector<std::string>{default_address} : options.listen_addresses) {
        const auto address = parse_http_address(text);
        if (!address) {
            std::cerr << "keysyncd: --web.listen-address: " << address.error() << '\n';
            return usage_error;
        }
        addresses.push_back(*address);
    }
    config::Problems warnings;
    auto settings = config::load(options.config_file, &warnings);
    if (!settings) {
        for (const config::Problem& problem : settings.error()) {
            std::cerr << to_string(problem) << '\n';
        }
        return usage_error;
    }
    for (const config::Problem& problem : warnings) {
        log(LogLevel::warn, "configuration", {{"problem", to_string(problem)}});
    }
    log(LogLevel::info, "starting keysyncd",
        {{"version", version()}, {"revision", revision()}, {"config_file", options.config_file.string()}});
    try {
        Daemon daemon{options, std::move(*settings), service_manager};
        if (const int code = daemon.serve(addresses); code != 0) {
            return code;
        }
        daemon.run();
    } catch (const std::exception& error) {
        log(LogLevel::error, "cannot go on", {{"error", error.what()}});
        return 1;
    }
    return 0;
}

}  // namespace keysyncd::daemon
