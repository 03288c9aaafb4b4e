#include "entra/graph_reader.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "reader_bench.hpp"

namespace entra = keysyncd::entra;
using namespace std::chrono_literals;
using entra::testing::Bench;

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

TEST_CASE_FIXTURE(Bench, "reader: a server's trouble with one user of a batch is tried again, three times at most") {
    const std::vector<std::string> wanted{"a", "b"};
    answer(200, R"({"responses":[{"id":"0","status":500,"body":{}},{"id":"1","status":502,"body":{}}]})");
    answer(200, R"({"responses":[{"id":"0","status":504,"body":{}},{"id":"1","status":200,"body":{"id":"b"}}]})");
    answer(200, R"({"responses":[{"id":"0","status":500,"body":{}}]})");
    const auto answers = reader->read_users(wanted, {});
    REQUIRE(answers.has_value());
    REQUIRE((*answers)[0].error.has_value());
    CHECK((*answers)[0].error->failure == entra::GraphFailure::server);
    CHECK((*answers)[1].user.has_value());
    CHECK(http->answers.empty());
    CHECK(clock.slept.size() == 2);
    CHECK(throttled == 0s);
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
