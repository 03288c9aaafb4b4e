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

TEST_CASE_FIXTURE(Bench, "reader: one user's log; everybody's where Graph refuses to narrow it") {
    std::vector<std::string> seen;
    const auto read_of = [&] {
        return reader->read_registrations_of({"u", "u@x"}, clock.now(),
                                             [&](std::vector<entra::RegistrationEvent>&& events) {
                                                 seen.push_back(events.front().event_id);
                                                 return true;
                                             },
                                             {});
    };
    page("1");
    REQUIRE(read_of().has_value());
    CHECK(http->requests.back().url.contains("initiatedBy"));
    for (int i = 0; i < 3; ++i) {
        answer(400, R"({"error":{"code":"BadRequest","message":"Invalid filter clause"}})");
    }
    page("2");
    REQUIRE(read_of().has_value());
    CHECK_FALSE(http->requests.back().url.contains("initiatedBy"));
    CHECK(http->requests.back().url.contains("%20or%20activityDisplayName"));
    CHECK(seen == std::vector<std::string>{"1", "2"});
    answer(403, R"({"error":{"code":"Authorization_RequestDenied","message":"x"}})");
    CHECK(read_of().error().failure == entra::GraphFailure::forbidden);
}

TEST_CASE_FIXTURE(Bench, "reader: users in batches of twenty; those throttled inside are asked for again") {
    std::vector<std::string> wanted;
    for (int i = 0; i < 21; ++i) {
        wanted.push_back(fmt::format("u{}", i));
    }
    std::string responses;
    for (int i = 19; i >= 0; --i) {
        responses +=
            i == 3   ? fmt::format(R"({{"id":"{}","status":429,"headers":{{"Retry-After":"9"}},"body":{{}}}},)", i)
            : i == 4 ? fmt::format(R"({{"id":"{}","status":403,"body":{{}}}},)", i)
            : i == 5 ? fmt::format(
                           R"({{"id":"{}","status":404,"body":{{"error":{{"code":"Request_ResourceNotFound"}}}}}},)", i)
                     : fmt::format(R"({{"id":"{}","status":200,"body":{{"id":"u{}"}}}},)", i, i);
    }
    responses.pop_back();
    answer(200, fmt::format(R"({{"responses":[{}]}})", responses));
    answer(200, R"({"responses":[{"id":"0","status":200,"body":{"id":"u3"}}]})");
    answer(200, R"({"responses":[{"id":"0","status":200,"body":{"id":"u20"}}]})");
    const auto answers = reader->read_users(wanted, {});
    REQUIRE(answers.has_value());
    REQUIRE(answers->size() == 21);
    for (std::size_t i = 0; i < answers->size(); ++i) {
        CHECK((*answers)[i].asked == wanted[i]);
        CHECK((*answers)[i].user.has_value() == (i != 4 && i != 5));
        CHECK((*answers)[i].error.has_value() == (i == 4));
    }
    CHECK((*answers)[3].user->id == "u3");
    REQUIRE(clock.slept.size() == 1);
    CHECK(clock.slept[0] >= 9s);
    CHECK(throttled >= 9s);
    CHECK(http->requests[1].url == "https://graph.microsoft.com/v1.0/$batch");
    CHECK(http->requests[1].method == entra::Method::post);
}

TEST_CASE_FIXTURE(Bench, "reader: methods of a user, of nobody, and what the reports family's limit does to them") {
    answer(200, R"({"value":[{"id":"m"}]})");
    const auto methods = reader->read_methods("u", entra::KeyKind::ngc, {});
    REQUIRE(methods.has_value());
    CHECK(methods->knowledge == entra::MethodsKnowledge::known);
    CHECK(methods->methods.size() == 1);
    answer(404, R"({"error":{"code":"ResourceNotFound","message":"x"}})");
    CHECK(reader->read_methods("u", entra::KeyKind::fido, {})->knowledge == entra::MethodsKnowledge::user_unknown);
    answer(403, R"({"error":{"code":"accessDenied","message":"Request Authorization failed"}})");
    const auto denied = reader->read_methods("u", entra::KeyKind::ngc, {});
    REQUIRE_FALSE(denied.has_value());
    CHECK(denied.error().detail.contains("UserAuthenticationMethod.Read.All"));
    for (int i = 0; i < 3; ++i) {
        answer(200, R"({"value":[]})");
        REQUIRE(reader->read_methods("u", entra::KeyKind::ngc, {}).has_value());
    }
    CHECK(clock.slept.size() == 1);  // before the sixth
}

TEST_CASE_FIXTURE(Bench, "reader: the survey asks about those with news, and keeps what it learned when cut short") {
    entra::SurveyState state;
    state.baseline = clock.now();
    const std::string report =
        R"({"value":[{"id":"a","lastUpdatedDateTime":"2026-01-09T12:30:00Z","methodsRegistered":["windowsHelloForBusiness"]},
                     {"id":"b","lastUpdatedDateTime":"2026-01-09T12:30:00Z","methodsRegistered":["windowsHelloForBusiness"]},
                     {"id":"c","lastUpdatedDateTime":"2026-01-09T12:30:00Z","methodsRegistered":[]}]})";
    const std::string one = R"({"value":[{"id":"m","createdDateTime":"2026-01-09T12:29:00Z"}]})";
    const std::string none = R"({"value":[]})";
    const auto sink = [&](std::vector<entra::RegistrationEvent>&& events) {
        for (const auto& event : events) {
            ids.push_back(event.event_id);
        }
        return true;
    };
    answer(200, report);
    answer(200, one);
    answer(200, none);
    answer(403, "{}");
    CHECK_FALSE(reader->survey_registrations(state, clock.now(), 10, sink, {}).has_value());
    CHECK(ids == std::vector<std::string>{"report:a:m"});
    answer(200, report);
    answer(200, one);
    answer(200, none);
    const auto pass = reader->survey_registrations(state, clock.now(), 10, sink, {});
    REQUIRE(pass.has_value());
    CHECK(ids == std::vector<std::string>{"report:a:m", "report:b:m"});
    CHECK(pass->users == 3);
    CHECK(pass->asked == 1);
}

TEST_CASE_FIXTURE(Bench, "reader: sync features are left out where they can't be read") {
    answer(403, "{}");
    CHECK_FALSE(reader->read_sync_features({}).value().has_value());
    answer(200, R"({"value":[{"features":{"passwordSyncEnabled":true}}]})");
    CHECK(reader->read_sync_features({}).value()->password_sync == true);
    answer(500, "{}");
    answer(500, "{}");
    answer(500, "{}");
    CHECK_FALSE(reader->read_sync_features({}).has_value());
}
