#include "entra/survey_reader.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "reader_bench.hpp"

namespace entra = keysyncd::entra;
using namespace std::chrono_literals;
using entra::testing::Bench;

namespace {

const std::string none = R"({"value":[]})";

/// A survey of users u0, u1 and so on, who all have moved.
struct Survey : Bench {
    entra::SurveyState state;
    entra::MovedUsers moved;

    Survey() { state.baseline = clock.now(); }

    void report(int users, std::string_view methods = "windowsHelloForBusiness") const {
        std::string rows;
        for (int i = 0; i < users; ++i) {
            rows += fmt::format(
                R"({}{{"id":"u{}","lastUpdatedDateTime":"2026-01-09T12:30:00Z","methodsRegistered":["{}"]}})",
                i == 0 ? "" : ",", i, methods);
        }
        answer(200, fmt::format(R"({{"value":[{}]}})", rows));
    }
    void read() {
        auto made = reader->read_registration_report(state, {});
        REQUIRE(made.has_value());
        moved = std::move(made->moved);
    }
    void one() const { answer(200, R"({"value":[{"id":"m","createdDateTime":"2026-01-09T12:29:00Z"}]})"); }
    std::expected<entra::SurveyPass, entra::GraphError> ask(std::size_t most = 10) {
        ids.clear();
        return reader->survey_registrations(state, moved, clock.now(), most,
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

TEST_CASE_FIXTURE(Survey, "survey: asks about those with news, one kind a request where there is no other") {
    answer(
        200,
        R"({"value":[{"id":"a","lastUpdatedDateTime":"2026-01-09T12:30:00Z","methodsRegistered":["windowsHelloForBusiness"]},
                        {"id":"b","lastUpdatedDateTime":"2026-01-09T12:30:00Z","methodsRegistered":["fido2"]},
                        {"id":"c","lastUpdatedDateTime":"2026-01-09T12:30:00Z","methodsRegistered":[]}]})");
    read();
    REQUIRE(moved.size() == 2);
    one();
    one();
    const auto pass = ask();
    REQUIRE(pass.has_value());
    CHECK(pass->asked == 2);
    CHECK(ids == std::vector<std::string>{"report:a:m", "report:b:m"});
    CHECK(http->requests.at(2).url.ends_with("/users/a/authentication/windowsHelloForBusinessMethods"));
    CHECK(http->requests.at(3).url.ends_with("/users/b/authentication/fido2Methods"));
    CHECK(http->answers.empty());
}

TEST_CASE_FIXTURE(Survey, "survey: a kind that was seen before is asked about though the row has lost it") {
    state.users["u0"] = {*entra::parse_rfc3339("2026-01-09T11:00:00Z"), {{"key", entra::KeyKind::fido}}};
    report(1);
    read();
    answer(200, none);
    answer(200, none);
    REQUIRE(ask().has_value());
    CHECK(ids == std::vector<std::string>{"report-deleted:u0:key"});
}

TEST_CASE_FIXTURE(Survey, "survey: so many at a time; the others wait without another look at the report") {
    report(51);
    read();
    REQUIRE(moved.size() == 51);
    for (int i = 0; i < 51; ++i) {
        one();
    }
    CHECK(ask(50)->asked == 50);
    CHECK(moved.size() == 1);
    CHECK(ask(50)->asked == 1);
    CHECK(ids == std::vector<std::string>{"report:u50:m"});
    CHECK(ask(50)->asked == 0);
    CHECK(http->answers.empty());
}

TEST_CASE_FIXTURE(Survey, "survey: a user that cannot be asked about is left for the next report") {
    report(3);
    read();
    one();
    answer(400, "{}");
    one();
    const auto pass = ask();
    REQUIRE(pass.has_value());
    CHECK(pass->asked == 2);
    CHECK(pass->failed == 1);
    CHECK(pass->error->failure == entra::GraphFailure::bad_answer);
    CHECK(ids == std::vector<std::string>{"report:u0:m", "report:u2:m"});
    CHECK(moved.empty());
    report(3);
    read();
    REQUIRE(moved.size() == 1);
    CHECK(moved.front().user_id == "u1");
}

TEST_CASE_FIXTURE(Survey, "survey: a right that is missing ends it, and nobody is lost by that") {
    report(3);
    read();
    answer(403, "{}");
    answer(403, "{}");
    CHECK(ask().error().failure == entra::GraphFailure::forbidden);
    REQUIRE(moved.size() == 2);
    CHECK(moved.front().user_id == "u2");
    one();
    one();
    CHECK(ask()->asked == 2);
    CHECK(ids == std::vector<std::string>{"report:u2:m", "report:u1:m"});
}
