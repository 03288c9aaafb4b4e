#include "entra/graph_reader.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>

#include "fakes.hpp"

namespace entra = keysyncd::entra;
namespace testing = keysyncd::entra::testing;
namespace config = keysyncd::config;
using namespace std::chrono_literals;

namespace {

/// A reader whose network and clock the test drives. The token is always there.
struct Bench {
    testing::FakeClock clock;
    testing::FakeHttp* http = nullptr;
    std::vector<std::string> requests;
    std::chrono::nanoseconds throttled{0};
    std::filesystem::path secret;
    std::unique_ptr<entra::GraphReader> reader;
    std::vector<std::string> ids;

    Bench() : secret(std::filesystem::temp_directory_path() / fmt::format("keysyncd-reader-{}", ::getpid())) {
        std::ofstream(secret) << "s";
        std::filesystem::permissions(secret, std::filesystem::perms::owner_read);
        config::EntraSettings settings;
        settings.tenant_id = "t";
        settings.client_id = "c";
        settings.credential = config::ClientSecret{secret};
        auto owned = std::make_unique<testing::FakeHttp>();
        http = owned.get();
        entra::GraphObserver observer;
        observer.on_request = [this](std::string_view endpoint, std::string_view code) {
            requests.push_back(fmt::format("{} {}", endpoint, code));
        };
        observer.on_throttled = [this](std::chrono::nanoseconds waited) { throttled += waited; };
        reader = std::make_unique<entra::GraphReader>(settings, std::move(observer), std::move(owned), clock);
        answer(200, std::string{testing::token_body});
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    ~Bench() { std::filesystem::remove(secret); }

    void answer(int status, std::string body, std::vector<entra::Header> headers = {}) const {
        http->answers.emplace_back(testing::json_response(status, std::move(body), std::move(headers)));
    }
    void fail(entra::HttpFailure failure) const {
        http->answers.emplace_back(std::unexpected(entra::HttpError{failure, "x"}));
    }
    void page(std::string_view id, std::string_view next = {}) const {
        answer(200, fmt::format(R"({{"value":[{{"id":"{}","activityDisplayName":"Add FIDO2 security key",
            "activityDateTime":"2026-01-09T21:20:02Z","result":"success","targetResources":[{{"id":"u","type":"User"}}]}}]
            {}}})",
                                id, next.empty() ? "" : fmt::format(R"(,"@odata.nextLink":"{}")", next)));
    }
    std::expected<void, entra::GraphError> read() {
        ids.clear();
        return reader->read_registrations(clock.now(),
                                          [&](std::vector<entra::RegistrationEvent>&& events) {
                                              for (const auto& event : events) {
                                                  ids.push_back(event.event_id);
                                              }
                                              return true;
                                          },
                                          {});
    }
};

}  // namespace

TEST_CASE_FIXTURE(Bench, "reader: pages in order, the token in a header and nowhere else") {
    page("1", "https://graph.microsoft.com/v1.0/next?x=1");
    page("2");
    REQUIRE(read().has_value());
    CHECK(ids == std::vector<std::string>{"1", "2"});
    CHECK(http->requests[1].headers[0].value == "Bearer abc.def.ghi");
    CHECK(http->requests[2].url == "https://graph.microsoft.com/v1.0/next?x=1");
    CHECK(requests == std::vector<std::string>{"token 200", "audit 200", "audit 200"});
    for (const auto& request : http->requests) {
        CHECK_FALSE(request.url.contains("abc.def"));
    }
}

TEST_CASE_FIXTURE(Bench, "reader: waits out 429 with what Retry-After says and up to a second more, and counts it") {
    answer(429, "{}", {{"Retry-After", "7"}});
    page("1");
    REQUIRE(read().has_value());
    REQUIRE(clock.slept.size() == 1);
    CHECK(clock.slept[0] >= 7s);
    CHECK(clock.slept[0] <= 8s);
    CHECK(throttled == clock.slept[0]);
}

TEST_CASE_FIXTURE(Bench, "reader: our own restraint is no throttling by the service") {
    for (int i = 0; i < 6; ++i) {
        page(std::to_string(i), i < 5 ? fmt::format("https://graph.microsoft.com/v1.0/next{}", i) : std::string{});
    }
    REQUIRE(read().has_value());
    REQUIRE(clock.slept.size() == 1);
    CHECK(clock.slept[0] >= 10s);
    CHECK(throttled == 0s);
}

TEST_CASE_FIXTURE(Bench, "reader: 429 without end is given up within its patience, and the silence is kept") {
    for (int i = 0; i < 20; ++i) {
        answer(429, "{}", {{"Retry-After", "60"}});
    }
    const auto outcome = read();
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().failure == entra::GraphFailure::throttled);
    CHECK(clock.passed < 150s);
    const std::size_t sent = http->requests.size();
    CHECK(sent <= 4);
}

TEST_CASE_FIXTURE(Bench, "reader: users are asked freely while the audit log is silenced") {
    answer(429, "{}", {{"Retry-After", "3600"}});
    CHECK_FALSE(read().has_value());
    answer(200, R"({"id":"u"})");
    CHECK(reader->read_user("u", {}).value().has_value());
    CHECK(clock.slept.empty());
}

TEST_CASE_FIXTURE(Bench, "reader: passing trouble of server and network is tried again, three times at most") {
    answer(500, "{}");
    fail(entra::HttpFailure::connect);
    answer(504, "{}");
    page("1");
    CHECK(read().has_value());
    for (int i = 0; i < 3; ++i) {
        answer(500, "{}");
    }
    auto outcome = read();
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().failure == entra::GraphFailure::server);
    for (int i = 0; i < 3; ++i) {
        fail(entra::HttpFailure::timeout);
    }
    outcome = read();
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().failure == entra::GraphFailure::timeout);
    CHECK(http->answers.empty());
}

TEST_CASE_FIXTURE(Bench, "reader: what will not pass is not tried again") {
    for (const auto failure : {entra::HttpFailure::tls, entra::HttpFailure::too_large, entra::HttpFailure::proxy}) {
        fail(failure);
        CHECK_FALSE(read().has_value());
    }
    answer(403, "{}");
    CHECK(read().error().failure == entra::GraphFailure::forbidden);
    CHECK(http->answers.empty());
    CHECK(clock.slept.empty());
}

TEST_CASE_FIXTURE(Bench, "reader: a refused token is renewed once") {
    answer(401, "{}");
    answer(200, std::string{testing::token_body});
    page("1");
    CHECK(read().has_value());
    answer(401, "{}");
    answer(200, std::string{testing::token_body});
    answer(401, "{}");
    CHECK(read().error().failure == entra::GraphFailure::unauthorized);
}

TEST_CASE_FIXTURE(Bench, "reader: Graph's advance warning slows the next request") {
    http->answers.emplace_back(
        testing::json_response(200, R"({"value":[],"@odata.nextLink":"https://graph.microsoft.com/v1.0/2"})",
                               {{"x-ms-throttle-limit-percentage", "1.8"}}));
    page("2");
    REQUIRE(read().has_value());
    REQUIRE(clock.slept.size() == 1);
    CHECK(clock.slept[0] >= 10s);
    CHECK(throttled == 0s);
}

TEST_CASE_FIXTURE(Bench, "reader: a user that Entra does not know is no error; any other 404 is") {
    answer(404, R"({"error":{"code":"Request_ResourceNotFound","message":"x"}})");
    const auto gone = reader->read_user("u", {});
    REQUIRE(gone.has_value());
    CHECK_FALSE(gone->has_value());
    answer(404, "<html>not here</html>");
    const auto odd = reader->read_user("u", {});
    REQUIRE_FALSE(odd.has_value());
    CHECK(odd.error().failure == entra::GraphFailure::not_found);
}

TEST_CASE_FIXTURE(Bench, "reader: the service's clock, from the middle of the request") {
    http->on_send = [&] { clock.passed += 2s; };
    answer(200, R"({"value":[{}]})", {{"Date", "Fri, 09 Jan 2026 12:00:13 GMT"}});
    REQUIRE(reader->read_organization({}).has_value());
    REQUIRE(reader->clock_offset().has_value());
    CHECK(*reader->clock_offset() == 10500ms);  // asked at 2 s to 4 s: the middle is 12:00:03
}

TEST_CASE_FIXTURE(Bench, "reader: a sink that has had enough stops it") {
    page("1", "https://graph.microsoft.com/v1.0/next");
    const auto outcome =
        reader->read_registrations(clock.now(), [](std::vector<entra::RegistrationEvent>&&) { return false; }, {});
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().failure == entra::GraphFailure::stopped);
    std::stop_source stop;
    stop.request_stop();
    CHECK(reader->read_organization(stop.get_token()).error().failure == entra::GraphFailure::stopped);
}
