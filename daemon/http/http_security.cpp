#include "daemon/http/http_security.hpp"

#include <fmt/format.h>

#include <chrono>
#include <vector>

#include "config/web_settings.hpp"
#include "daemon/http/http_auth.hpp"
#include "daemon/http/http_tls.hpp"
#include "daemon/process/file_stamp.hpp"

namespace keysyncd::daemon {
namespace {

using config::WebSettings;

/// Everything that one state of the files on disk means. Shared by the connections that began under it.
struct Loaded {
    WebSettings settings;
    std::shared_ptr<const UserHashes> users;
    std::shared_ptr<boost::asio::ssl::context> tls;
};

std::expected<Loaded, std::string> load(const std::filesystem::path& file,
                                        const std::function<void(std::string_view)>& warn) {
    config::Problems warnings;
    auto settings = config::load_web_settings(file, &warnings);
    if (!settings) {
        std::string all;
        for (const config::Problem& problem : settings.error()) {
            all += (all.empty() ? "" : "\n") + to_string(problem);
        }
        return std::unexpected(std::move(all));
    }
    for (const config::Problem& problem : warnings) {
        warn(to_string(problem));
    }
    Loaded loaded;
    if (settings->tls) {
        auto tls = make_tls_context(*settings->tls);
        if (!tls) {
            return std::unexpected(fmt::format("{}: {}", file.string(), tls.error()));
        }
        loaded.tls = std::move(*tls);
    }
    loaded.users = std::make_shared<const UserHashes>(settings->basic_auth_users);
    loaded.settings = std::move(*settings);
    return loaded;
}

std::vector<std::filesystem::path> files_of(const std::filesystem::path& file, const WebSettings& settings) {
    std::vector<std::filesystem::path> files{file};
    if (settings.tls) {
        files.push_back(settings.tls->cert_file);
        files.push_back(settings.tls->key_file);
        files.push_back(settings.tls->client_ca_file);
    }
    return files;
}

bool asks_who_it_is(const WebSettings& settings) {
    return !settings.basic_auth_users.empty() ||
           (settings.tls && settings.tls->client_auth == config::ClientAuth::require_and_verify);
}

std::optional<std::string> exposure_of(const HttpAddress& address, const WebSettings& settings, UserPages users) {
    if (is_loopback(address)) {
        return std::nullopt;
    }
    if (users == UserPages::open && !asks_who_it_is(settings)) {
        return fmt::format(
            "whoever reaches {} can read users and their keys: give basic_auth_users or client certificates in "
            "--web.config.file, or close the pages that show users with --web.disable-users",
            to_string(address));
    }
    if (!settings.basic_auth_users.empty() && !settings.tls) {
        return fmt::format("passwords cross the network to {} in clear: give tls_server_config in --web.config.file",
                           to_string(address));
    }
    return std::nullopt;
}

}  // namespace

class HttpSecurity::Impl {
  public:
    Impl(std::filesystem::path given_file, std::function<void(std::string_view)> given_warn, Loaded given_loaded,
         std::chrono::steady_clock::duration given_between_looks)
        : file(std::move(given_file)),
          warn(std::move(given_warn)),
          loaded(std::move(given_loaded)),
          between_looks(given_between_looks) {
        stamps = stamps_of(files_of(file, loaded.settings));
    }

    const Loaded& current() {
        const auto now = std::chrono::steady_clock::now();
        if (now - looked < between_looks) {
            return loaded;
        }
        looked = now;
        auto seen = stamps_of(files_of(file, loaded.settings));
        if (seen != stamps) {
            stamps = std::move(seen);
            reload();
        }
        return loaded;
    }

    std::filesystem::path file;
    std::function<void(std::string_view)> warn;
    Loaded loaded;
    std::chrono::steady_clock::duration between_looks;
    BasicAuth basic;
    std::vector<HttpAddress> addresses;
    UserPages users = UserPages::open;

  private:
    void reload() {
        auto next = load(file, warn);
        if (!next) {
            // Certificate and key are two files, and between the two renewals they do not fit.
            warn("the web configuration that was in force stays: " + next.error());
            return;
        }
        if (next->settings.tls.has_value() != loaded.settings.tls.has_value()) {
            warn(file.string() + ": turning TLS on or off needs a restart; the one in force stays");
            return;
        }
        loaded = std::move(*next);
        stamps = stamps_of(files_of(file, loaded.settings));
        for (const HttpAddress& address : addresses) {
            if (const auto warning = exposure_of(address, loaded.settings, users)) {
                warn(*warning);
            }
        }
    }

    std::vector<FileStamp> stamps;
    std::chrono::steady_clock::time_point looked = std::chrono::steady_clock::now();
};

HttpSecurity::HttpSecurity(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpSecurity::~HttpSecurity() = default;

std::expected<std::unique_ptr<HttpSecurity>, std::string> HttpSecurity::open(
    std::filesystem::path file, std::function<void(std::string_view)> warn,
    std::chrono::steady_clock::duration between_looks) {
    auto loaded = load(file, warn);
    if (!loaded) {
        return std::unexpected(std::move(loaded.error()));
    }
    return std::unique_ptr<HttpSecurity>(
        new HttpSecurity(std::make_unique<Impl>(std::move(file), std::move(warn), std::move(*loaded), between_looks)));
}

void HttpSecurity::protect(HttpServerOptions& options) {
    if (encrypts()) {
        options.tls = [this] { return impl_->current().tls; };
    }
    options.gate = [this](const HttpRequest& request, const HttpVerdict& verdict) {
        const Loaded& loaded = impl_->current();
        if (loaded.users->empty()) {
            verdict(std::nullopt);
        } else {
            impl_->basic.check(loaded.users, request.header("authorization"), verdict);
        }
    };
    options.on_answer = [this](HttpResponse& response) {
        for (const auto& header : impl_->loaded.settings.headers) {
            response.headers.emplace_back(header);  // the operator's word is the last
        }
    };
}

void HttpSecurity::watch_exposure(std::vector<HttpAddress> addresses, UserPages users) {
    impl_->addresses = std::move(addresses);
    impl_->users = users;
}

bool HttpSecurity::authenticates() const {
    return asks_who_it_is(impl_->loaded.settings);
}

bool HttpSecurity::encrypts() const {
    return impl_->loaded.settings.tls.has_value();
}

std::optional<std::chrono::sys_seconds> HttpSecurity::certificate_expiry() const {
    return impl_->loaded.tls ? daemon::certificate_expiry(*impl_->loaded.tls) : std::nullopt;
}

std::optional<std::string> HttpSecurity::exposure(const HttpAddress& address, UserPages users) const {
    return exposure_of(address, impl_->loaded.settings, users);
}

std::optional<std::string> exposure(const HttpAddress& address, const HttpSecurity* security, UserPages users) {
    return security == nullptr ? exposure_of(address, {}, users) : security->exposure(address, users);
}

}  // namespace keysyncd::daemon
