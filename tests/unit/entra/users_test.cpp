#include "entra/users.hpp"

#include <doctest/doctest.h>

#include "entra/organization.hpp"

namespace entra = keysyncd::entra;

TEST_CASE("user: what ties it to the directory, whatever is missing") {
    const auto user = entra::read_user(R"({"@odata.context":"x","id":"u-1","userPrincipalName":"jane@corp.test",
        "onPremisesSyncEnabled":true,"onPremisesSecurityIdentifier":"S-1-5-21-1-2-3-1104","onPremisesImmutableId":"AAEC",
        "onPremisesSamAccountName":"jane","onPremisesDomainName":"corp.test","onPremisesDistinguishedName":"CN=Jane",
        "onPremisesProvisioningErrors":[{"category":"PropertyConflict"}],"more":[]})");
    REQUIRE(user.has_value());
    CHECK(user->on_premises_sync_enabled == true);
    CHECK(user->on_premises_security_identifier == "S-1-5-21-1-2-3-1104");
    CHECK(user->on_premises_immutable_id == "AAEC");
    CHECK(user->on_premises_sam_account_name == "jane");
    CHECK(user->on_premises_domain_name == "corp.test");
    CHECK(user->on_premises_distinguished_name == "CN=Jane");
    CHECK(user->has_provisioning_errors);

    const auto cloud =
        entra::read_user(R"({"id":"u-2","onPremisesSyncEnabled":null,"onPremisesProvisioningErrors":[]})");
    REQUIRE(cloud.has_value());
    CHECK_FALSE(cloud->on_premises_sync_enabled.has_value());
    CHECK_FALSE(cloud->has_provisioning_errors);
    for (const std::string_view bad : {"", "[]", "{}", R"({"id":7})", R"({"id":"x")"}) {
        CAPTURE(bad);
        CHECK_FALSE(entra::read_user(bad).has_value());
    }
}

TEST_CASE("user: any name is safe in the path") {
    CHECK(entra::user_path("u-1").starts_with("/users/u-1?$select=id,"));
    CHECK(entra::user_path("a#EXT#@x/../y").starts_with("/users/a%23EXT%23%40x%2F..%2Fy?"));
    CHECK(entra::user_path("$it's@x").starts_with("/users('%24it%27%27s%40x')?"));
}

TEST_CASE("organization: the last sync, and none where there never was one") {
    const auto sync = entra::read_organization(R"({"value":[{"id":"t","onPremisesSyncEnabled":true,
        "onPremisesLastSyncDateTime":"2026-01-09T21:30:00Z","onPremisesLastPasswordSyncDateTime":"2026-01-09T21:31:00Z"}]})");
    REQUIRE(sync.has_value());
    CHECK(sync->sync_enabled == true);
    CHECK(sync->last_sync == entra::parse_rfc3339("2026-01-09T21:30:00Z"));
    CHECK(sync->last_password_sync == entra::parse_rfc3339("2026-01-09T21:31:00Z"));
    const auto never = entra::read_organization(R"({"value":[{"onPremisesLastSyncDateTime":null}]})");
    REQUIRE(never.has_value());
    CHECK_FALSE(never->last_sync.has_value());
    for (const std::string_view bad : {"", "{}", R"({"value":[]})", R"({"value":[1]})"}) {
        CAPTURE(bad);
        CHECK_FALSE(entra::read_organization(bad).has_value());
    }
}
