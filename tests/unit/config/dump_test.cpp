#include "config/dump.hpp"

#include <doctest/doctest.h>

#include "tests/unit/config/configuration_fixture.hpp"

using namespace keysyncd::config;
using namespace keysyncd::config::test;

namespace {

void check_round_trip(const std::string& text) {
    const ConfigurationFolder configuration;
    const auto settings = load_text(text, configuration.file());
    REQUIRE(settings.has_value());
    const std::string dumped = dump(*settings);
    CAPTURE(dumped);
    const auto again = load_text(dumped, "/elsewhere/keysyncd.yaml");
    if (!again) {
        FAIL(to_string(again.error().front()));
    }
    CHECK(*again == *settings);
    CHECK(dumped.find("sesame") == std::string::npos);
}

}  // namespace

TEST_CASE("what is dumped loads to the same settings") {
    SUBCASE("shortest") {
        check_round_trip(sound_domain);
    }
    SUBCASE("with Entra") {
        check_round_trip(sound_domain + sound_entra);
    }
    SUBCASE("with exported logs only") {
        check_round_trip(sound_domain + "entra: {audit_files: [\"*.json\"]}\n");
    }
    SUBCASE("with everything") {
        check_round_trip(R"yaml(domains:
  - name: corp.example.com
    discover: true
    site: Berlin
    base_dn: "OU=\"Staff\": #1 \\2C 北京,DC=corp"
    bind: {method: external}
    tls: {ca_file: ca.pem, certificate_file: cert.pem, key_file: key.pem}
    filter: "(cn=\\2a)"
    change_tracking: usn
    observe_servers: ["ldaps://[::1]:636"]
    findings: {keys_registered_on_premises: true, ignore: [unmatched, roca]}
  - name: b.example.com
    servers: [ldap://dc1]
    bind: {method: gssapi, keytab: svc.keytab, principal: svc@CORP}
entra:
  tenant_id: a.example.com
  client_id: 99999999-8888-7777-6666-555555555555
  credential: {federated_token_file: secret}
  authority_url: https://a
  graph_url: https://b
  proxy: http://u@p:1
  proxy_password_file: pw
  registrations: report
  activities: {fido_added: [], ngc_added: ["yes", "~"]}
sync: {cycle: 45s, grace: 5s, overdue_after: 1h1s}
privacy: {user_names: hashed}
)yaml");
    }
}
