#include "daemon/rules/finding_policy.hpp"

#include <doctest/doctest.h>

#include "config/loader.hpp"

using namespace keysyncd;

TEST_CASE("everything is looked for where nothing is said") {
    const auto policy = daemon::finding_policy({});
    CHECK(policy.enabled == ldap::all_key_findings);
    CHECK_FALSE(policy.keys_registered_on_premises);
}

TEST_CASE("each finding can be switched off by its name, and the configuration knows every name") {
    for (std::uint8_t number = 0; number < ldap::key_finding_count; ++number) {
        const auto finding = static_cast<ldap::KeyFinding>(number);
        const std::string name{ldap::to_string(finding)};
        CAPTURE(name);
        const auto settings = config::load_text(
            "domains:\n"
            "  - name: corp.example.com\n"
            "    discover: true\n"
            "    bind: {method: gssapi, principal: svc@CORP, keytab: /dev/null}\n"
            "    findings: {keys_registered_on_premises: true, ignore: [" +
                name + "]}\n",
            "keysyncd.yaml");
        const bool known =
            settings.has_value() || settings.error().front().key_path.find("findings") == std::string::npos;
        CHECK(known);
        const auto policy = daemon::finding_policy({.keys_registered_on_premises = true, .ignore = {name}});
        CHECK(policy.enabled == (ldap::all_key_findings & ~ldap::bit(finding)));
        CHECK(policy.keys_registered_on_premises);
    }
}
