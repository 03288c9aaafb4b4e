#include "entra/graph_reader.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "reader_bench.hpp"

namespace entra = keysyncd::entra;
namespace testing = keysyncd::entra::testing;
using namespace std::chrono_literals;
using testing::Bench;

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

TEST_CASE_FIXTURE(Bench, "reader: the audit log's query gives way to a complaint about it, for an hour") {
    const std::string complaint = R"({"error":{"code":"BadRequest","message":"Invalid filter clause"}})";
    const auto asked = [&] { return std::exchange(http->requests, {}).size(); };
    answer(400, "<html>a proxy's own</html>");
    CHECK(read().error().failure == entra::GraphFailure::bad_answer);
    CHECK(asked() == 2);  // with the token
    answer(400, complaint);
    const std::size_t each = entra::ActivityNames({}).names().size();
    REQUIRE(each > 1);
    for (std::size_t i = 0; i < each; ++i) {
        page(std::to_string(i));
    }
    REQUIRE(read().has_value());
    CHECK(asked() == 1 + each);
    CHECK(smaller.size() == 1);
    clock.passed += 61min;
    answer(200, std::string{testing::token_body});
    page("1");
    REQUIRE(read().has_value());
    CHECK(asked() == 2);
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
