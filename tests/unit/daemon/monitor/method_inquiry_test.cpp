#include "daemon/monitor/method_inquiry.hpp"

#include <doctest/doctest.h>

#include "tests/unit/daemon/monitor/graph_bench.hpp"

namespace keysyncd::daemon::test {
namespace {

using namespace std::chrono_literals;

/// Users 1 to `users`, each with a registration that Entra is to be asked about, the first the oldest.
struct Inquiry : GraphBench {
    std::unique_ptr<MethodInquiry> inquiry;

    explicit Inquiry(int users = 4) {
        sweep({});
        std::vector<entra::RegistrationEvent> registered;
        for (int user = 1; user <= users; ++user) {
            registered.push_back(
                added(fmt::format("e{}", user), static_cast<std::uint8_t>(user), now - 1h + user * 1min));
        }
        audit(registered);
        renew();
    }
    void renew() { inquiry = std::make_unique<MethodInquiry>(*reader, at_desk(), clock(), tell()); }
    /// The users asked about, by number.
    std::string ask() {
        requests.clear();
        inquiry->ask(100, std::chrono::steady_clock::now() + 1h, {});
        std::string users;
        for (const auto& [endpoint, url] : requests) {
            if (endpoint == "methods") {
                const char user = url.at(url.find("entra-") + 6);
                users += users.ends_with(user) ? std::string{} : std::string{user};
            }
        }
        return users;
    }
};

TEST_CASE("methods: one user's trouble, of whatever kind, keeps nobody waiting and is told once") {
    for (const int status : {400, 403, 404, 500, 504}) {
        CAPTURE(status);
        Inquiry f;
        f.trouble["entra-1"] = status;
        CHECK(f.ask() == "1234");
        CHECK(f.told(LogLevel::warn, "a user's authentication methods") == 1);
        CHECK(f.told(LogLevel::warn, "everything else goes on") == 0);
        CHECK(f.ask().empty());
        f.advance(31min);
        CHECK(f.ask().contains('1'));
        CHECK(f.told(LogLevel::warn, "") == 1);
        f.trouble.clear();
        f.advance(31min);
        CHECK(f.ask().contains('1'));
    }
}

TEST_CASE("methods: a server that fails twice in a row is left alone, and the next pass begins with others") {
    Inquiry f{5};
    for (const char* user : {"entra-1", "entra-2", "entra-3"}) {
        f.trouble[user] = 502;
    }
    CHECK(f.ask() == "12");
    CHECK(f.told(LogLevel::warn, "everything else goes on") == 1);
    CHECK(f.ask() == "345");
}

TEST_CASE("methods: refused to two users is refused to all, and asked for again after an hour") {
    Inquiry f;
    f.answers["methods"] = [](const entra::Request&) { return GraphBench::refusal(403, "accessDenied"); };
    CHECK(f.ask() == "12");
    CHECK(f.told(LogLevel::warn, "UserAuthenticationMethod.Read.All") == 2);
    CHECK(f.ask().empty());
    f.renew();  // its pause is of a clock that no test moves
    CHECK(f.ask() == "34");
}

TEST_CASE("methods: a cloud without them is never asked") {
    Inquiry f;
    f.settings.entra->cloud = config::Cloud::china;
    f.connect();
    f.renew();
    CHECK(f.ask().empty());
    CHECK(f.ask().empty());
    CHECK(f.told(LogLevel::info, "this cloud does not show authentication methods") == 1);
}

TEST_CASE("methods: without a connection nobody is postponed") {
    Inquiry f;
    f.answers["token"] = [](const entra::Request&) { return GraphBench::refusal(400, "invalid_client"); };
    CHECK(f.ask().empty());
    f.answers.clear();
    CHECK(f.ask() == "1234");
}

}  // namespace
}  // namespace keysyncd::daemon::test
