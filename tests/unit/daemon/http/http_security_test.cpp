#include "daemon/http/http_security.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace keysyncd::daemon;

namespace {

/// A web.config.file that goes with the test.
class WebConfig {
  public:
    explicit WebConfig(std::string_view text) {
        const int made = mkstemp(path_.data());
        REQUIRE(made >= 0);
        close(made);
        std::ofstream(path_) << text;
    }
    ~WebConfig() { std::filesystem::remove(path_); }
    WebConfig(const WebConfig&) = delete;
    WebConfig& operator=(const WebConfig&) = delete;

    [[nodiscard]] std::unique_ptr<HttpSecurity> open() const {
        auto opened = HttpSecurity::open(path_, [](std::string_view) {});
        REQUIRE_MESSAGE(opened, opened.error());
        return std::move(*opened);
    }

  private:
    std::string path_ = std::filesystem::temp_directory_path() / "keysyncd-web-XXXXXX";
};

constexpr const char* one_user =
    "basic_auth_users:\n  ada: $2b$04$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBuu\n";

}  // namespace

TEST_CASE("what listens for others is warned about until it asks who they are and hides what they say") {
    const HttpAddress everywhere{"0.0.0.0", 10061};
    CHECK(exposure(everywhere, nullptr)->find("--web.config.file") != std::string::npos);
    CHECK(exposure(everywhere, WebConfig("").open().get())->find("basic_auth_users") != std::string::npos);
    CHECK(exposure(everywhere, WebConfig(one_user).open().get())->find("in clear") != std::string::npos);
    CHECK_FALSE(exposure({"127.0.0.1", 10061}, nullptr));
    CHECK_FALSE(exposure({"::1", 10061}, nullptr));
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
