#include "entra/paging.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "entra/clouds.hpp"

namespace entra = keysyncd::entra;
namespace config = keysyncd::config;

TEST_CASE("same origin: scheme, host and port, and nobody's name in front") {
    constexpr std::string_view origin = "https://graph.microsoft.com";
    for (const std::string_view good :
         {"https://graph.microsoft.com/v1.0/x?$skiptoken=1", "https://graph.microsoft.com",
          "https://GRAPH.Microsoft.com/v1.0", "https://graph.microsoft.com:443/v1.0"}) {
        CAPTURE(good);
        CHECK(entra::same_origin(good, origin));
    }
    for (const std::string_view bad :
         {"http://graph.microsoft.com/v1.0", "https://graph.microsoft.com.evil.example/", "https://evil.example/v1.0",
          "https://graph.microsoft.com:8443/v1.0", "https://user@graph.microsoft.com/v1.0",
          "https://graph.microsoft.com@evil.example/", "/v1.0/auditLogs", "//graph.microsoft.com/", "",
          "https://graph.microsoft.com\\@evil.example/", "https://graph.microsoft.com\r\nX: y/"}) {
        CAPTURE(bad);
        CHECK_FALSE(entra::same_origin(bad, origin));
    }
}

TEST_CASE("paging: to the end, verbatim") {
    entra::Paging paging("https://graph.microsoft.com", "https://graph.microsoft.com/v1.0/a");
    CHECK(paging.pages() == 1);
    CHECK(paging.advance("https://graph.microsoft.com/v1.0/a?$skiptoken=X%27+1").value());
    CHECK(paging.url() == "https://graph.microsoft.com/v1.0/a?$skiptoken=X%27+1");
    CHECK_FALSE(paging.advance("").value());
    CHECK(paging.pages() == 2);
}

TEST_CASE("paging: other hosts, loops and endless lists are refused, and told without the query") {
    entra::Paging paging("https://graph.microsoft.com", "https://graph.microsoft.com/v1.0/a", 3);
    const auto foreign = paging.advance("https://evil.example/v1.0/a?token=hidden");
    REQUIRE_FALSE(foreign.has_value());
    CHECK(foreign.error().failure == entra::GraphFailure::refused_link);
    CHECK(foreign.error().detail.contains("evil.example"));
    CHECK_FALSE(foreign.error().detail.contains("hidden"));
    CHECK(paging.advance("https://graph.microsoft.com/v1.0/b").value());
    CHECK_FALSE(paging.advance("https://graph.microsoft.com/v1.0/a").has_value());
    CHECK(paging.advance("https://graph.microsoft.com/v1.0/c").value());
    const auto endless = paging.advance("https://graph.microsoft.com/v1.0/d");
    REQUIRE_FALSE(endless.has_value());
    CHECK(endless.error().detail.contains("3 pages"));
}

TEST_CASE("clouds: each with its own hosts; the scope follows Graph's") {
    config::EntraSettings settings;
    CHECK(entra::endpoints_of(settings).authority == "https://login.microsoftonline.com");
    CHECK(entra::endpoints_of(settings).scope() == "https://graph.microsoft.com/.default");
    settings.cloud = config::Cloud::usgov;
    CHECK(entra::endpoints_of(settings).authority == "https://login.microsoftonline.us");
    CHECK(entra::endpoints_of(settings).graph == "https://graph.microsoft.us");
    settings.cloud = config::Cloud::usgov_dod;
    CHECK(entra::endpoints_of(settings).graph == "https://dod-graph.microsoft.us");
    CHECK(entra::endpoints_of(settings).has_methods);
    settings.cloud = config::Cloud::china;
    CHECK(entra::endpoints_of(settings).authority == "https://login.chinacloudapi.cn");
    CHECK(entra::endpoints_of(settings).graph == "https://microsoftgraph.chinacloudapi.cn");
    CHECK_FALSE(entra::endpoints_of(settings).has_methods);
    settings.authority_url = "https://login.private.example/";
    settings.graph_url = "https://graph.private.example:8443/";
    CHECK(entra::endpoints_of(settings).authority == "https://login.private.example");
    CHECK(entra::endpoints_of(settings).scope() == "https://graph.private.example:8443/.default");
    CHECK(entra::endpoints_of(settings).resource() == "https://graph.private.example:8443/");
}
