#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "entra/client_credentials.hpp"
#include "fakes.hpp"

namespace entra = keysyncd::entra;
namespace testing = keysyncd::entra::testing;
using namespace std::chrono_literals;

namespace {

/// Hands out token-1, token-2, ... or the failure that is set.
class NumberedFlow final : public entra::TokenFlow {
  public:
    explicit NumberedFlow(std::chrono::seconds life) : life_(life) {}
    std::expected<entra::AccessToken, entra::GraphError> request_token(const std::stop_token&) override {
        ++asked;
        if (failing) {
            return std::unexpected(entra::GraphError{entra::GraphFailure::connect, "no way"});
        }
        return entra::AccessToken{keysyncd::config::Secret{"token-" + std::to_string(asked)}, life_};
    }
    int asked = 0;
    bool failing = false;

  private:
    std::chrono::seconds life_;
};

std::filesystem::path write_file(const std::string& name, std::string_view text) {
    const auto path = std::filesystem::temp_directory_path() / (name + std::to_string(::getpid()));
    std::ofstream(path) << text;
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path;
}

}  // namespace

TEST_CASE("token source: one token until five minutes before its end") {
    testing::FakeClock clock;
    auto owned = std::make_unique<NumberedFlow>(3600s);
    NumberedFlow& flow = *owned;
    entra::TokenSource source(std::move(owned), clock);
    CHECK(source.token({}) == "token-1");
    clock.passed = 3299s;
    CHECK(source.token({}) == "token-1");
    clock.passed = 3300s;
    CHECK(source.token({}) == "token-2");
    CHECK(flow.asked == 2);
    source.reject();
    CHECK(source.token({}) == "token-3");
}

TEST_CASE("token source: while no new token can be had the old one serves to its end") {
    testing::FakeClock clock;
    auto owned = std::make_unique<NumberedFlow>(3600s);
    NumberedFlow& flow = *owned;
    entra::TokenSource source(std::move(owned), clock);
    REQUIRE(source.token({}).has_value());
    flow.failing = true;
    clock.passed = 3500s;
    CHECK(source.token({}) == "token-1");
    clock.passed = 3571s;
    CHECK_FALSE(source.token({}).has_value());
    flow.failing = false;
    CHECK(source.token({}).has_value());
}

TEST_CASE("token source: a short life is renewed at three quarters") {
    testing::FakeClock clock;
    entra::TokenSource source(std::make_unique<NumberedFlow>(8s), clock);
    CHECK(source.token({}) == "token-1");
    clock.passed = 5900ms;
    CHECK(source.token({}) == "token-1");
    clock.passed = 6s;
    CHECK(source.token({}) == "token-2");
}

TEST_CASE("token answer: expires_in as a number or as text; nothing that could break a header") {
    CHECK(entra::read_token_answer(testing::token_body)->value.expose() == "abc.def.ghi");
    CHECK(entra::read_token_answer(testing::token_body)->lifetime == 3599s);
    CHECK(entra::read_token_answer(R"({"access_token":"a","expires_in":"86399"})")->lifetime == 86399s);
    for (const std::string_view bad :
         {"", "[]", "{}", R"({"access_token":"a"})", R"({"expires_in":5})", R"({"access_token":"","expires_in":5})",
          R"({"access_token":"a","expires_in":0})", R"({"access_token":"a","expires_in":"1x"})",
          R"({"access_token":"a","expires_in":-5})", R"({"access_token":"a\r\nX: y","expires_in":5})",
          R"({"access_token":"a","expires_in":99999999999})"}) {
        CAPTURE(bad);
        const auto token = entra::read_token_answer(bad);
        REQUIRE_FALSE(token.has_value());
        CHECK(token.error().failure == entra::GraphFailure::token);
    }
}

TEST_CASE("client credentials by secret: the form that Entra ID expects, the secret from its file each time") {
    testing::FakeClock clock;
    testing::FakeHttp http;
    entra::Exchange exchange(http, clock, {});
    keysyncd::config::EntraSettings settings;
    const auto secret_file = write_file("keysyncd-secret-", "a+b/c~d\n");
    entra::SecretFlow flow(exchange, {"tenant id", "client", entra::endpoints_of(settings)}, secret_file);
    http.answers.emplace_back(testing::json_response(200, std::string{testing::token_body}));
    REQUIRE(flow.request_token({}).has_value());
    CHECK(http.requests[0].url == "https://login.microsoftonline.com/tenant%20id/oauth2/v2.0/token");
    CHECK(http.requests[0].method == entra::Method::post);
    CHECK(http.requests[0].body ==
          "client_id=client&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&grant_type=client_credentials&"
          "client_secret=a%2Bb%2Fc~d");
    std::ofstream(secret_file) << "rotated";
    http.answers.emplace_back(testing::json_response(200, std::string{testing::token_body}));
    REQUIRE(flow.request_token({}).has_value());
    CHECK(http.requests[1].body.ends_with("client_secret=rotated"));
    std::filesystem::remove(secret_file);
    const auto missing = flow.request_token({});
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().failure == entra::GraphFailure::token);
    CHECK(missing.error().detail.contains(secret_file.string()));
}
