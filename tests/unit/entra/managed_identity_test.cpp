#include "entra/managed_identity.hpp"

#include <doctest/doctest.h>

#include <map>

#include "fakes.hpp"
#include "made_certificate.hpp"

namespace entra = keysyncd::entra;
namespace testing = keysyncd::entra::testing;

namespace {

struct Bench {
    testing::FakeClock clock;
    testing::FakeHttp http;
    entra::Exchange exchange{http, clock, {}};
    testing::TemporaryFolder folder;
    entra::IdentityHost arc{.arc_url = "http://127.0.0.1:40342/token", .arc_key_directory = folder.path};

    void challenge(const std::string& realm) {
        http.answers.emplace_back(testing::json_response(401, "{}", {{"WWW-Authenticate", "Basic realm=" + realm}}));
    }
    std::string refusal(entra::ManagedIdentityFlow flow) {
        const auto token = flow.request_token({});
        REQUIRE_FALSE(token.has_value());
        CHECK(token.error().failure == entra::GraphFailure::token);
        return token.error().detail;
    }
};

constexpr std::string_view identity_body = R"({"access_token":"abc","expires_in":"86399","token_type":"Bearer"})";

}  // namespace

TEST_CASE_FIXTURE(Bench, "IMDS: the system's identity, numbers as text, no proxy") {
    http.answers.emplace_back(testing::json_response(200, std::string{identity_body}));
    entra::ManagedIdentityFlow flow(exchange, {}, "https://graph.microsoft.com/", "");
    const auto token = flow.request_token({});
    REQUIRE(token.has_value());
    CHECK(token->lifetime == std::chrono::seconds{86399});
    const auto& request = http.requests[0];
    CHECK(request.url ==
          "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2F"
          "graph.microsoft.com%2F");
    CHECK(request.route == entra::Route::direct);
    CHECK(request.headers[0].name == "Metadata");
    CHECK(request.headers[0].value == "true");
}

TEST_CASE_FIXTURE(Bench, "IMDS: a user-assigned identity by its client id; errors told apart") {
    entra::ManagedIdentityFlow flow(exchange, {}, "r", "id-1");
    http.answers.emplace_back(
        testing::json_response(400, R"({"error":"invalid_request","error_description":"Identity not found"})"));
    auto token = flow.request_token({});
    CHECK(http.requests[0].url.ends_with("&client_id=id-1"));
    REQUIRE_FALSE(token.has_value());
    CHECK(token.error().failure == entra::GraphFailure::token);
    CHECK(token.error().detail.contains("Identity not found"));
    for (const int status : {404, 410, 429, 500}) {
        http.answers.emplace_back(testing::json_response(status, "{}"));
        token = flow.request_token({});
        REQUIRE_FALSE(token.has_value());
        CHECK(token.error().failure == entra::GraphFailure::server);
    }
}

TEST_CASE_FIXTURE(Bench, "Arc: the challenge file is read and shown") {
    const auto file = folder.write("abc.key", "proof");
    challenge(file.string());
    http.answers.emplace_back(testing::json_response(200, std::string{identity_body}));
    entra::ManagedIdentityFlow flow(exchange, arc, "https://graph.microsoft.com/", "");
    REQUIRE(flow.request_token({}).has_value());
    CHECK(http.requests[0].url.contains("api-version=2019-11-01"));
    CHECK(http.requests[1].headers.back().value == "Basic proof");
    CHECK(http.requests[1].route == entra::Route::direct);
}

TEST_CASE_FIXTURE(Bench, "Arc: only a small .key file in the agent's own folder is ever read") {
    const auto outside = folder.write("secret.txt", "x");
    std::filesystem::create_directory(folder.path / "below");
    for (const std::string& realm :
         {std::string{"/etc/shadow"}, outside.string(), (folder.path / "below" / "x.key").string(),
          (folder.path / ".." / "x.key").string(), folder.path.string() + "/below/../x.key", std::string{"x.key"},
          std::string{}}) {
        CAPTURE(realm);
        challenge(realm);
        CHECK(refusal({exchange, arc, "r", ""}).contains("not read"));
    }
    challenge("a=b.key");
    CHECK(refusal({exchange, arc, "r", ""}).contains("Basic realm=FILE"));
    http.answers.emplace_back(testing::json_response(401, "{}"));
    CHECK(refusal({exchange, arc, "r", ""}).contains("Basic realm=FILE"));
    challenge(folder.write("big.key", std::string(4097, 'x')).string());
    CHECK(refusal({exchange, arc, "r", ""}).contains("larger than 4096"));
    challenge((folder.path / "none.key").string());
    CHECK(refusal({exchange, arc, "r", ""}).contains("himds"));
    challenge(folder.write("split.key", "a\r\nX: y").string());
    CHECK(refusal({exchange, arc, "r", ""}).contains("no challenge has"));
    http.answers.emplace_back(testing::json_response(200, std::string{identity_body}));
    CHECK(refusal({exchange, arc, "r", ""}).contains("expected a challenge"));
    CHECK(refusal({exchange, arc, "r", "id-1"}).contains("system-assigned"));
}

TEST_CASE("identity host: by the SDKs' own variables") {
    const auto host = [](const std::map<std::string, std::string, std::less<>>& given) {
        return entra::find_identity_host([&](std::string_view name) {
            const auto found = given.find(name);
            return found == given.end() ? std::string{} : found->second;
        });
    };
    CHECK(host({}).imds_url == "http://169.254.169.254");
    CHECK(host({{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://x"}}).imds_url == "http://x");
    CHECK(host({{"IDENTITY_ENDPOINT", "http://a"}, {"IMDS_ENDPOINT", "http://b"}}).arc_url == "http://a");
    // IDENTITY_ENDPOINT alone belongs to other services than Arc.
    CHECK(host({{"IDENTITY_ENDPOINT", "http://a"}}).arc_url != "http://a");
}
