#include "entra/batch.hpp"

#include <doctest/doctest.h>

namespace entra = keysyncd::entra;

TEST_CASE("batch: requests numbered, paths below the version") {
    const std::vector<std::string> paths{"/users/a?$select=id", "/users/b"};
    CHECK(
        entra::batch_body(paths) ==
        R"({"requests":[{"id":"0","method":"GET","url":"/users/a?$select=id"},{"id":"1","method":"GET","url":"/users/b"}]})");
}

TEST_CASE("batch: answers in any order, the missing one shows") {
    const auto parts =
        entra::read_batch(R"({"responses":[{"id":"2","status":429,"headers":{"retry-after":"7"},"body":{"error":{}}},
        {"id":"0","status":200,"body":{"id":"u"}}]})",
                          3);
    REQUIRE(parts.has_value());
    CHECK((*parts)[0].status == 200);
    CHECK((*parts)[0].body == R"({"id":"u"})");
    CHECK((*parts)[1].status == 0);
    CHECK((*parts)[2].status == 429);
    CHECK((*parts)[2].retry_after == "7");
}

TEST_CASE("batch: what does not belong is refused") {
    for (const std::string_view bad :
         {"", "{}", R"({"responses":[1]})", R"({"responses":[{"id":"3","status":200}]})",
          R"({"responses":[{"id":"x","status":200}]})", R"({"responses":[{"id":"","status":200}]})",
          R"({"responses":[{"id":"0"}]})", R"({"responses":[{"id":"0","status":"200"}]})"}) {
        CAPTURE(bad);
        CHECK_FALSE(entra::read_batch(bad, 3).has_value());
    }
}
