#include "daemon/http/http_security.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/unit/entra/made_certificate.hpp"

using namespace keysyncd::daemon;
using namespace std::chrono_literals;

namespace {

/// A web.config.file that goes with the test.
class WebConfig {
  public:
    explicit WebConfig(std::string_view text) {
        const int made = mkstemp(path_.data());
        REQUIRE(made >= 0);
        close(made);
        write(text);
    }
    ~WebConfig() { std::filesystem::remove(path_); }
    WebConfig(const WebConfig&) = delete;
    WebConfig& operator=(const WebConfig&) = delete;

    [[nodiscard]] std::unique_ptr<HttpSecurity> open() const {
        auto opened = HttpSecurity::open(path_, [](std::string_view) {});
        REQUIRE_MESSAGE(opened, opened.error());
        return std::move(*opened);
    }

    void write(std::string_view text) const { std::ofstream(path_) << text; }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_ = std::filesystem::temp_directory_path() / "keysyncd-web-XXXXXX";
};

constexpr const char* one_user =
    "basic_auth_users:\n  ada: $2b$04$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBuu\n";

}  // namespace

TEST_CASE("what listens for others is warned about until it asks who they are and hides what they say") {
    const HttpAddress everywhere{"0.0.0.0", 10061};
    constexpr auto open = UserPages::open;
    CHECK(exposure(everywhere, nullptr, open)->find("--web.config.file") != std::string::npos);
    CHECK(exposure(everywhere, WebConfig("").open().get(), open)->find("basic_auth_users") != std::string::npos);
    CHECK(exposure(everywhere, WebConfig(one_user).open().get(), open)->find("in clear") != std::string::npos);
    CHECK_FALSE(exposure({"127.0.0.1", 10061}, nullptr, open));
    CHECK_FALSE(exposure({"::1", 10061}, nullptr, open));
}

TEST_CASE(
    "where pages about users are closed nobody is warned that they are open, of passwords in clear all the same") {
    const HttpAddress everywhere{"0.0.0.0", 10061};
    constexpr auto closed = UserPages::closed;
    CHECK_FALSE(exposure(everywhere, nullptr, closed));
    CHECK_FALSE(exposure(everywhere, WebConfig("").open().get(), closed));
    CHECK(exposure(everywhere, WebConfig(one_user).open().get(), closed)->contains("in clear"));
}

TEST_CASE("a web configuration that loses its passwords is warned about when it comes into force") {
    const WebConfig file(one_user);
    std::vector<std::string> warned;
    for (const UserPages users : {UserPages::open, UserPages::closed}) {
        warned.clear();
        file.write(one_user);
        auto security =
            HttpSecurity::open(file.path(), [&](std::string_view warning) { warned.emplace_back(warning); }, 0s);
        REQUIRE(security);
        (*security)->watch_exposure({{"127.0.0.1", 10061}, {"192.0.2.1", 10061}}, users);
        HttpServerOptions options;
        (*security)->protect(options);
        file.write("");
        options.gate(HttpRequest{}, [](const std::optional<HttpResponse>&) {});
        CHECK_FALSE((*security)->authenticates());
        if (users == UserPages::open) {
            REQUIRE(warned.size() == 1);
            CHECK(warned.front().contains("whoever reaches 192.0.2.1:10061 can read users"));
        } else {
            CHECK(warned.empty());
        }
    }
}

TEST_CASE("an empty web configuration leaves plain HTTP for everybody") {
    const auto security = WebConfig("").open();
    HttpServerOptions options;
    security->protect(options);
    CHECK_FALSE(options.tls);
    CHECK_FALSE(security->authenticates());
    std::optional<std::optional<HttpResponse>> verdict;
    options.gate(HttpRequest{}, [&](std::optional<HttpResponse> told) { verdict = std::move(told); });
    REQUIRE(verdict);
    CHECK_FALSE(*verdict);
}

TEST_CASE("the end of the web server's own certificate is known") {
    const keysyncd::entra::testing::TemporaryFolder folder;
    const auto certificate = folder.path / "web.pem";
    const auto key = folder.write("web.key", "");
    const keysyncd::entra::testing::MadeCertificate made(-60, 3600, true);
    made.write_certificate(certificate);
    made.write_key(key);
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto security =
        WebConfig("tls_server_config:\n  cert_file: " + certificate.string() + "\n  key_file: " + key.string() + "\n")
            .open();
    const auto expiry = security->certificate_expiry();
    REQUIRE(expiry);
    CHECK(*expiry > now + std::chrono::minutes(58));
    CHECK(*expiry <= now + std::chrono::minutes(60));
    CHECK_FALSE(WebConfig("").open()->certificate_expiry());
}
