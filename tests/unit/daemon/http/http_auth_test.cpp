#include "daemon/http/http_auth.hpp"

#include <crypt.h>
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <vector>

using namespace keysyncd::daemon;
using namespace std::chrono_literals;

namespace {

std::string hashed(const std::string& password, const std::string& salt) {
    const auto scratch = std::make_unique<crypt_data>();
    const char* hash = crypt_r(password.c_str(), salt.c_str(), scratch.get());
    REQUIRE(hash != nullptr);
    return hash;
}

// Cost 4, the lowest: these tests are about right and wrong, not about time.
UserHashes users() {
    return {{"ada", hashed("correct horse", "$2b$04$abcdefghijklmnopqrstuu")},
            {"grace", hashed("p:a:s:s", "$2y$04$abcdefghijklmnopqrstuu")},
            {"alan", hashed("", "$2a$04$abcdefghijklmnopqrstuu")}};
}

std::optional<HttpResponse> verdict(BasicAuth& auth, const std::string& authorization) {
    std::promise<std::optional<HttpResponse>> told;
    auth.check(std::make_shared<const UserHashes>(users()), authorization,
               [&told](std::optional<HttpResponse> response) { told.set_value(std::move(response)); });
    auto answer = told.get_future();
    REQUIRE(answer.wait_for(10s) == std::future_status::ready);
    return answer.get();
}

}  // namespace

TEST_CASE("Authorization headers are read as RFC 7617 says") {
    const auto ada = parse_basic("Basic YWRhOmNvcnJlY3QgaG9yc2U=");
    REQUIRE(ada);
    CHECK(ada->user == "ada");
    CHECK(ada->password == "correct horse");
    const auto colons = parse_basic("bAsIc Z3JhY2U6cDphOnM6cw==");
    REQUIRE(colons);
    CHECK(colons->user == "grace");
    CHECK(colons->password == "p:a:s:s");
    for (const char* no :
         {"", "Basic", "Basic ", "Basic !!!!", "Bearer YWRhOng=", "Basic YWRh", "Basic YWRhOngAeQ=="}) {
        CAPTURE(no);
        CHECK_FALSE(parse_basic(no));  // the last one has a NUL in its password
    }
}

// Found by fuzzing: a comparison that read one character too far. AddressSanitizer sees it where no NUL follows.
TEST_CASE("a header that ends with its scheme is not read beyond its end") {
    const std::vector<char> header{'B', 'a', 's', 'i', 'C', ' '};
    const auto credentials = parse_basic({header.data(), header.size()});
    CHECK_FALSE(credentials);
}

TEST_CASE("passwords are held against bcrypt hashes of all three kinds") {
    CHECK(verify_password(users(), {"ada", "correct horse"}));
    CHECK(verify_password(users(), {"grace", "p:a:s:s"}));
    CHECK(verify_password(users(), {"alan", ""}));
    CHECK_FALSE(verify_password(users(), {"ada", "correct horsf"}));
    CHECK_FALSE(verify_password(users(), {"ada", ""}));
    CHECK_FALSE(verify_password(users(), {"Ada", "correct horse"}));
    CHECK_FALSE(verify_password(users(), {"nobody", ""}));
    CHECK_FALSE(verify_password(users(), {"", ""}));
}

TEST_CASE("a refusal costs the same for every name, whatever the costs of the users' hashes") {
    const UserHashes mixed{{"ada", hashed("horse", "$2b$04$abcdefghijklmnopqrstuu")},
                           {"bob", hashed("donkey", "$2y$08$abcdefghijklmnopqrstuu")}};
    for (const char* name : {"ada", "bob", "nobody"}) {
        CAPTURE(name);
        int work = 0;
        for (const int cost : costs_of_a_miss(mixed, name)) {
            work += 1 << cost;
        }
        CHECK(work == 1 << 8);
    }
    CHECK(costs_of_a_miss(mixed, "ada").front() == 4);
    CHECK(verify_password(mixed, {"ada", "horse"}));
    CHECK(verify_password(mixed, {"bob", "donkey"}));
    CHECK_FALSE(verify_password(mixed, {"ada", "donkey"}));
    CHECK_FALSE(verify_password(mixed, {"nobody", "horse"}));
}

TEST_CASE("remembered credentials are bound to user, password and hash") {
    VerifiedCredentials verified;
    const Credentials ada{"ada", "x"};
    CHECK_FALSE(verified.contains("hash", ada));
    verified.add("hash", ada);
    CHECK(verified.contains("hash", ada));
    CHECK_FALSE(verified.contains("another hash", ada));
    CHECK_FALSE(verified.contains("hash", {"ada", "y"}));
    CHECK_FALSE(verified.contains("hash", {"adax", ""}));
    for (int i = 0; i < 1000; ++i) {
        verified.add("hash", {"user", std::to_string(i)});
    }
    CHECK_FALSE(verified.contains("hash", {"user", "0"}));  // bounded
}

TEST_CASE("right credentials pass, also the second time; wrong ones get a 401 that says how") {
    BasicAuth auth;
    CHECK_FALSE(verdict(auth, "Basic YWRhOmNvcnJlY3QgaG9yc2U="));
    CHECK_FALSE(verdict(auth, "Basic YWRhOmNvcnJlY3QgaG9yc2U="));
    for (const char* wrong : {"", "Basic YWRhOng=", "Basic bm9ib2R5Ong=", "Basic ?"}) {
        CAPTURE(wrong);
        const auto refusal = verdict(auth, wrong);
        REQUIRE(refusal);
        CHECK(refusal->status == 401);
        REQUIRE(refusal->headers.size() == 1);
        CHECK(refusal->headers[0].first == "WWW-Authenticate");
    }
}

TEST_CASE("a flood of guesses is refused instead of queued without end, and every one gets a verdict") {
    std::atomic<int> told = 0;
    std::atomic<int> busy = 0;
    {
        BasicAuth auth;
        const auto all =
            std::make_shared<const UserHashes>(UserHashes{{"ada", hashed("x", "$2b$08$abcdefghijklmnopqrstuu")}});
        for (int i = 0; i < 500; ++i) {
            auth.check(all, "Basic YWRhOmd1ZXNz", [&](const std::optional<HttpResponse>& refusal) {
                ++told;
                busy += refusal && refusal->status == 503 ? 1 : 0;
            });
        }
    }
    CHECK(told == 500);
    CHECK(busy >= 400);
}
