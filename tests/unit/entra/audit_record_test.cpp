#include "entra/audit_record.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>

namespace entra = keysyncd::entra;
namespace json = boost::json;

namespace {

std::expected<entra::RegistrationEvent, entra::NoEvent> read(std::string_view text) {
    static const entra::ActivityNames names{keysyncd::config::AuditActivities{}};
    return entra::read_audit_record(json::parse(text).as_object(), names);
}

constexpr std::string_view audit = R"({"activityDateTime":"2026-01-09T21:20:02.7215374+00:00",
    "activityDisplayName":"Add Windows Hello for Business credential","id":"SSGM_1","result":"success",
    "initiatedBy":{"user":{"id":"u-1","userPrincipalName":"jane@x","roles":[]}},"targetResources":[{"id":"u-1","type":"User"}]})";

void check_event(const std::expected<entra::RegistrationEvent, entra::NoEvent>& event) {
    REQUIRE(event.has_value());
    CHECK(event->event_id == "SSGM_1");
    CHECK(event->user_id == "u-1");
    CHECK(entra::format_rfc3339(event->at) == "2026-01-09T21:20:02.7215374Z");
}

}  // namespace

TEST_CASE("audit record: the same event in every shape") {
    check_event(read(audit));
    check_event(read(R"({"category":"AuditLogs","operationName":"Add Windows Hello for Business credential","time":"x",
        "properties":)" +
                     std::string{audit} + "}"));
    check_event(read(R"({"category":"AuditLogs","properties":)" + json::serialize(json::string{audit}) + "}"));
    check_event(
        read(R"({"Id":"SSGM_1","ActivityDisplayName":"Add Windows Hello for Business credential","Result":"success",
        "TimeGenerated":"2026-01-09T21:25:00Z","ActivityDateTime":"2026-01-09T21:20:02.7215374Z",
        "TargetResources":"[{\"id\":\"u-1\",\"type\":\"User\"}]","InitiatedBy":"{\"user\":{}}"})"));
    check_event(read(R"({"Id":"SSGM_1","OperationName":"Add Windows Hello for Business credential","Result":"Success",
        "TimeGenerated":"2026-01-09T21:20:02.7215374Z","TargetResources":[{"id":"u-1","type":"User"}]})"));
}

TEST_CASE("audit record: other streams and broken records are told apart") {
    CHECK(read(R"({"category":"SignInLogs","properties":{}})").error().why == entra::NoEvent::Why::irrelevant);
    CHECK(read(R"({"category":"AuditLogs","properties":{"activityDisplayName":"Update device"}})").error().why ==
          entra::NoEvent::Why::irrelevant);
    CHECK(read(R"({"properties":7})").error().why == entra::NoEvent::Why::malformed);
    CHECK(read(R"({"properties":"{"})").error().why == entra::NoEvent::Why::malformed);
    CHECK(read(R"({"OperationName":7})").error().why == entra::NoEvent::Why::irrelevant);
    CHECK(read(R"({"ActivityDisplayName":"Add FIDO2 security key","Result":"success"})").error().why ==
          entra::NoEvent::Why::malformed);
    CHECK(read("{}").error().why == entra::NoEvent::Why::irrelevant);
}
