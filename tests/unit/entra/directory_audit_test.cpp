#include "entra/directory_audit.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/json.hpp>

namespace entra = keysyncd::entra;
namespace config = keysyncd::config;
namespace json = boost::json;

namespace {

const entra::ActivityNames& names() {
    static const entra::ActivityNames made{config::AuditActivities{}};
    return made;
}

json::object record() {
    return json::parse(R"({"id":"SSGM_1","activityDisplayName":"Add Windows Hello for Business credential",
        "activityDateTime":"2026-01-09T21:20:02.7215374Z","result":"success",
        "initiatedBy":{"app":null,"user":{"id":"u-1","userPrincipalName":"jane@corp.test"}},
        "targetResources":[{"id":null,"type":"User","userPrincipalName":"jane@corp.test"}]})")
        .as_object();
}

entra::RegistrationEvent read(const json::object& from) {
    auto event = entra::read_directory_audit(from, names());
    REQUIRE(event.has_value());
    return *event;
}

entra::NoEvent refusal(const json::object& from) {
    const auto event = entra::read_directory_audit(from, names());
    REQUIRE_FALSE(event.has_value());
    return event.error();
}

}  // namespace

TEST_CASE("directory audit: a registration with its id, time and user") {
    const auto event = read(record());
    CHECK(event.event_id == "SSGM_1");
    CHECK(event.kind == entra::EventKind::registered);
    CHECK(event.key_kind == entra::KeyKind::ngc);
    CHECK(entra::format_rfc3339(event.at) == "2026-01-09T21:20:02.7215374Z");
    CHECK(event.user_principal_name == "jane@corp.test");
    CHECK(event.user_id == "u-1");  // of the initiator, who is the user that the target names
}

TEST_CASE("directory audit: names of activities and results count without regard to case") {
    auto given = record();
    given["activityDisplayName"] = "DELETE FIDO2 Security Key(s)";
    given["result"] = "Success";
    const auto event = read(given);
    CHECK(event.kind == entra::EventKind::deleted);
    CHECK(event.key_kind == entra::KeyKind::fido);
}

TEST_CASE("directory audit: other activities and results that are no success are irrelevant") {
    for (const std::string_view result : {"failure", "timeout", "unknownFutureValue", ""}) {
        auto given = record();
        given["result"] = result;
        CHECK(refusal(given).why == entra::NoEvent::Why::irrelevant);
    }
    auto given = record();
    given["result"] = nullptr;
    CHECK(refusal(given).why == entra::NoEvent::Why::irrelevant);
    given = record();
    given["activityDisplayName"] = "Update device";
    CHECK(refusal(given).why == entra::NoEvent::Why::irrelevant);
    CHECK(refusal({}).why == entra::NoEvent::Why::irrelevant);
}

TEST_CASE("directory audit: the target goes before the initiator, who may be an administrator") {
    auto given = record();
    given["targetResources"] = json::parse(R"([{"id":"d-1","type":"Device"},{"id":"u-2","type":"user"}])");
    CHECK(read(given).user_id == "u-2");
    CHECK(read(given).user_principal_name.empty());

    given["targetResources"] = json::parse(R"([{"id":null,"type":"User","userPrincipalName":"john@corp.test"}])");
    CHECK(read(given).user_id.empty());
    CHECK(read(given).user_principal_name == "john@corp.test");

    given["targetResources"] = json::parse(R"([{"id":"d-1","type":"Device"}])");
    CHECK(read(given).user_id == "u-1");
    given.erase("targetResources");
    CHECK(read(given).user_id == "u-1");
    CHECK(read(given).user_principal_name == "jane@corp.test");
}

TEST_CASE("directory audit: what should have been an event but can't be read is told") {
    auto given = record();
    given["id"] = nullptr;
    CHECK(refusal(given).detail.contains("no usable id"));
    given = record();
    given["activityDateTime"] = "yesterday\n";
    CHECK(refusal(given).detail == "event SSGM_1: activityDateTime 'yesterday' is no RFC 3339 time");
    given = record();
    given["targetResources"] = json::array{};
    given["initiatedBy"] = json::parse(R"({"app":{"displayName":"x"}})");
    CHECK(refusal(given).detail.contains("names a user"));
    CHECK(refusal(given).why == entra::NoEvent::Why::malformed);
    given = record();
    given["targetResources"] = json::array{json::object{{"id", std::string(5000, 'x')}, {"type", "User"}}};
    CHECK(refusal(given).detail.contains("over 1024 bytes"));
}

TEST_CASE("directory audit: members of any other kind do no harm") {
    for (const std::string_view odd :
         {"[]", "{}", "1", "true", "null", R"("text")", "[1,null,[]]", R"([{"type":7}])"}) {
        for (const std::string_view member : {"targetResources", "initiatedBy", "id", "activityDateTime", "result"}) {
            auto given = record();
            given[member] = json::parse(odd);
            CAPTURE(member);
            CAPTURE(odd);
            const auto outcome = entra::read_directory_audit(given, names());
            CHECK((!outcome || !outcome->event_id.empty()));
        }
    }
}

TEST_CASE("audit page: events, the link, and how many were broken") {
    json::array records{record(), json::value{1}, record()};
    records[2].as_object()["activityDateTime"] = "never";
    const std::string body =
        json::serialize(json::object{{"value", records}, {"@odata.nextLink", "https://graph.microsoft.com/v1.0/next"}});
    const auto page = entra::read_audit_page(body, names());
    REQUIRE(page.has_value());
    CHECK(page->events.size() == 1);
    CHECK(page->malformed.size() == 2);
    CHECK(page->next_link == "https://graph.microsoft.com/v1.0/next");
    for (const std::string_view bad : {"", "[]", "{}", R"({"value":{}})", R"({"value":[)", "<html>"}) {
        CAPTURE(bad);
        CHECK_FALSE(entra::read_audit_page(bad, names()).has_value());
    }
    CHECK(entra::read_audit_page(R"({"value":[]})", names())->events.empty());
    CHECK_FALSE(entra::read_audit_page(std::string(100'000, '['), names()).has_value());
}

TEST_CASE("activity names: configured ones, each once") {
    config::AuditActivities activities;
    activities.ngc_added = {"Add key", "ADD KEY", "Schlüssel hinzufügen"};
    activities.fido_added = {"Add key"};
    const entra::ActivityNames made(activities);
    REQUIRE(made.meaning("add key").has_value());
    CHECK(made.meaning("add key")->key_kind == entra::KeyKind::ngc);
    CHECK(made.meaning("Schlüssel hinzufügen").has_value());
    CHECK(std::ranges::count(made.names(), "Add key") == 1);
    CHECK(std::ranges::count(made.names(), "ADD KEY") == 0);
}
