#include "entra/audit_query.hpp"

#include <doctest/doctest.h>

namespace entra = keysyncd::entra;

namespace {

const entra::Instant since = *entra::parse_rfc3339("2026-01-09T21:20:02.9Z");

}  // namespace

TEST_CASE("audit query: all activities in one, encoded, from the whole second before") {
    entra::AuditQuery query("https://g", {"Add it's", "B(s)"});
    CHECK(query.urls(since) ==
          std::vector<std::string>{
              "https://g/v1.0/auditLogs/"
              "directoryAudits?$filter=%28activityDisplayName%20eq%20%27Add%20it%27%27s%27%20or%20"
              "activityDisplayName%20eq%20%27B%28s%29%27%29%20and%20activityDateTime%20ge%202026-01-09T21%3A20%3A02Z"
              "&$orderby=activityDateTime&$top=500"});
}

TEST_CASE("audit query: one activity needs no brackets, none asks nothing") {
    CHECK(entra::AuditQuery("https://g", {"A"})
              .urls(since)
              .front()
              .contains("$filter=activityDisplayName%20eq%20%27A%27"));
    CHECK(entra::AuditQuery("https://g", {}).urls(since).empty());
}

TEST_CASE("audit query: gives way to 400 only where the message names the query, and starts over when told to") {
    entra::AuditQuery query("https://g", {"A", "B", "C"});
    for (const std::string_view other : {"", "Resource not found for the segment 'auditLogs'.", "Bad request."}) {
        CAPTURE(other);
        CHECK_FALSE(query.refused(other));
        CHECK(query.is_first_choice());
    }
    CHECK(query.refused("Unsupported Query."));
    CHECK_FALSE(query.is_first_choice());
    query.start_over();
    CHECK(query.is_first_choice());
    CHECK(query.urls(since).size() == 1);
}

TEST_CASE("audit query: gives way to 400, first on what the message names, down to the smallest page") {
    entra::AuditQuery query("https://g", {"A", "B", "C"});
    CHECK(query.refused("Invalid filter clause"));
    CHECK_FALSE(query.combined());
    CHECK(query.urls(since).size() == 3);
    CHECK(query.page_size() == 500);
    CHECK(query.refused("Invalid filter clause"));
    CHECK(query.page_size() == 250);
    for (const int size : {125, 62, 31}) {
        CHECK(query.refused("Invalid filter clause"));
        CHECK(query.page_size() == size);
    }
    CHECK_FALSE(query.refused("Invalid filter clause"));

    entra::AuditQuery by_size("https://g", {"A", "B"});
    CHECK(by_size.refused("The limit of '100' for Top query has been exceeded."));
    CHECK(by_size.combined());
    CHECK(by_size.page_size() == 250);
}

TEST_CASE("audit query: one user's events, by every name that an event may give, and by one where Graph refuses more") {
    entra::AuditQuery query = entra::AuditQuery("https://g", {"A", "B"}).of({"id-1", "o'neil@x"});
    REQUIRE(query.urls(since).size() == 1);
    CHECK(query.urls(since).front().contains(
        "Z%20and%20%28initiatedBy%2Fuser%2Fid%20eq%20%27id-1%27%20or%20initiatedBy%2Fuser%2FuserPrincipalName%20eq%20"
        "%27o%27%27neil%40x%27%20or%20targetResources%2Fany%28t%3At%2Fid%20eq%20%27id-1%27%29%29&$orderby"));
    CHECK(query.refused("Invalid filter clause"));
    CHECK(query.urls(since).front().contains("Z%20and%20initiatedBy%2Fuser%2Fid%20eq%20%27id-1%27&$orderby"));
    CHECK(query.urls(since).front().contains("activityDisplayName"));
    CHECK(query.refused("Invalid filter clause"));
    REQUIRE(query.urls(since).size() == 1);
    CHECK(query.urls(since).front().contains("$filter=activityDateTime%20ge"));
    CHECK_FALSE(query.refused("Invalid filter clause"));
    CHECK(query.refused("The limit of '100' for Top query has been exceeded."));
    CHECK(query.page_size() == 250);
}

TEST_CASE("audit query: one user's keeps what Graph has refused before") {
    entra::AuditQuery query("https://g", {"A", "B"});
    CHECK(query.refused("Invalid filter clause"));
    const auto urls = query.of({"id-1", ""}).urls(since);
    REQUIRE(urls.size() == 1);
    CHECK_FALSE(urls.front().contains("%20or%20"));
}
