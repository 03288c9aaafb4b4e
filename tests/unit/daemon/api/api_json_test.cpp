#include "daemon/api/api_json.hpp"
#include "daemon/text/hashed_name.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <mutex>

#include "daemon/api/api_routes.hpp"
#include "daemon/process/bounded_worker.hpp"

using namespace keysyncd::daemon;
using namespace std::chrono_literals;
namespace json = boost::json;
using keysyncd::ldap::Instant;

namespace {

constexpr Instant noon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 12h};

KeyView synced_key() {
    KeyView key;
    key.user.domain = "corp";
    key.user.user_principal_name = "Ada@corp";
    key.user.dn = "CN=Ada";
    key.key_id = "00ff";
    key.usage = "NGC";
    key.source = "AzureAD";
    key.state = keysyncd::metrics::State::synced;
    key.registered_at = noon;
    key.written_earliest = noon + 10min;
    key.written_latest = noon + 17min + keysyncd::ldap::Ticks(1);
    key.delay = 17min + keysyncd::ldap::Ticks(1);
    key.precision = keysyncd::metrics::Precision::bounded;
    key.findings = 1U << 5U;
    return key;
}

HttpRequest asking(std::vector<std::pair<std::string, std::string>> query) {
    HttpRequest request;
    request.query = std::move(query);
    return request;
}

}  // namespace

TEST_CASE("names are always valid UTF-8") {
    KeyView key;
    key.user.user_principal_name = "x\"\n\xff";
    const json::value parsed = json::parse(to_json_text(KeyPage{.keys = {key}, .next_cursor = ""}, NameForm::full));
    CHECK(parsed.at("keys").at(0).at("user").at("user_principal_name").as_string() == "x\"\n\xEF\xBF\xBD");
}

TEST_CASE("a key with everything known, and one with nothing") {
    KeyPage page{.keys = {synced_key(), KeyView{}}, .next_cursor = "k:1:00"};
    const json::value parsed = json::parse(to_json_text(page, NameForm::full));
    const json::value& key = parsed.at("keys").at(0);
    CHECK(key.at("user").at("user_principal_name").as_string() == "Ada@corp");
    CHECK(key.at("registered_at").as_string() == "2026-11-23T12:00:00.0000000Z");
    CHECK(key.at("written_earliest").as_string() == "2026-11-23T12:10:00.0000000Z");
    CHECK(key.at("written_at").as_string() == "2026-11-23T12:17:00.0000001Z");
    CHECK(key.at("precision").as_string() == "bounded");
    CHECK(key.at("delay_seconds").to_number<double>() == doctest::Approx(1020));
    CHECK(key.at("findings").at(0).as_string() == "roca");
    CHECK(parsed.at("next_cursor").as_string() == "k:1:00");
    const json::value& bare = parsed.at("keys").at(1);
    for (const char* name :
         {"key_id", "device_id", "registered_at", "written_at", "precision", "delay_seconds", "cause", "removed_at"}) {
        CAPTURE(name);
        CHECK(bare.at(name).is_null());
    }
    CHECK(bare.at("state").as_string() == "pending");
}

TEST_CASE("hashed names: nothing of the name left") {
    const std::string text = to_json_text(KeyPage{.keys = {synced_key()}, .next_cursor = ""}, NameForm::hashed);
    CHECK(text.find("Ada") == std::string::npos);
    CHECK(text.find(hashed_name("ada@corp")) != std::string::npos);
    CHECK(json::parse(text).at("next_cursor").is_null());
}

TEST_CASE("who else has the key is told with its user, hashed where names are") {
    UserView ada;
    ada.keys = {synced_key()};
    const auto shown = [&](NameForm names) { return to_json_text(std::span<const UserView>{&ada, 1}, names); };
    CHECK(shown(NameForm::full).find("shared_with") == std::string::npos);
    UserName eve;
    eve.dn = "CN=Eve";
    eve.user_principal_name = "Eve@corp";
    ada.keys.front().shared_with.push_back(eve);
    CHECK(shown(NameForm::full).find("Eve@corp") != std::string::npos);
    CHECK(shown(NameForm::hashed).find("Eve") == std::string::npos);
    CHECK(shown(NameForm::hashed).find(hashed_name("eve@corp")) != std::string::npos);
}

TEST_CASE("parameters of the key list") {
    const auto filter =
        parse_key_filter(asking({{"state", "overdue"}, {"limit", "1000"}, {"domain", "d"}, {"cursor", "c"}}));
    REQUIRE(filter);
    CHECK(filter->state == keysyncd::metrics::State::overdue);
    CHECK(filter->limit == 1000);
    CHECK(filter->domain == "d");
    CHECK(filter->cursor == "c");
    CHECK(parse_key_filter(asking({}))->limit == 100);
    for (const char* bad : {"", "0", "1001", "-1", "1x", " 1", "99999999999999999999"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_key_filter(asking({{"limit", bad}})));
    }
    CHECK_FALSE(parse_key_filter(asking({{"state", "Overdue"}})));
    CHECK_FALSE(parse_key_filter(asking({{"page", "2"}})));
}

TEST_CASE("the bounded worker does everything in order and tells the rest that it stops") {
    std::vector<int> done;
    int refused = 0;
    int stopped = 0;
    {
        std::mutex gate;
        std::unique_lock closed(gate);
        BoundedWorker worker(3);
        REQUIRE(worker.enqueue([&](bool) { const std::scoped_lock wait(gate); }));
        for (int i = 0; i < 10; ++i) {
            refused += worker.enqueue([&, i](bool stopping) {
                stopped += stopping ? 1 : 0;
                done.push_back(i);
            })
                           ? 0
                           : 1;
        }
        closed.unlock();
    }
    CHECK(refused >= 6);
    CHECK(refused + static_cast<int>(done.size()) == 10);
    CHECK(std::ranges::is_sorted(done));
}
