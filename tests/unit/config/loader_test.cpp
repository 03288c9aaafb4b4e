// What sound files become: every key in its place, and the defaults.
#include "config/loader.hpp"

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv is POSIX

#include <doctest/doctest.h>

#include "tests/unit/config/configuration_fixture.hpp"

using namespace keysyncd::config;
using namespace keysyncd::config::test;
using namespace std::chrono_literals;

TEST_CASE("the shortest configuration has every default") {
    const ConfigurationFolder configuration;
    const auto settings = load_text(sound_domain, configuration.file());
    REQUIRE(settings.has_value());
    REQUIRE(settings->domains.size() == 1);
    const DomainSettings& domain = settings->domains.front();
    CHECK(domain.name == "corp.example.com");
    CHECK(domain.servers == std::vector<std::string>{"ldaps://dc1.corp.example.com"});
    CHECK(domain.bind.method == BindMethod::simple);
    CHECK(domain.bind.dn == "svc@corp.example.com");
    CHECK(domain.bind.password_file == configuration.folder.path() / "pw");
    CHECK(domain.poll_interval == 60s);
    CHECK(domain.full_sweep_interval == 12h);
    CHECK_FALSE(settings->entra.has_value());
    CHECK(settings->sync.cycle == 30min);
    CHECK(settings->sync.overdue_after == 65min);
    CHECK(settings->ledger.path == "/var/lib/keysyncd/ledger.db");
    CHECK(settings->user_names == UserNames::full);
}

TEST_CASE("every key arrives where it belongs") {
    const ConfigurationFolder configuration;
    Problems warnings;
    const auto settings = load_text(R"yaml(
domains:
  - name: CORP.example.com
    discover: true
    site: Berlin
    base_dn: OU=Staff,DC=corp,DC=example,DC=com
    bind: {method: gssapi, keytab: svc.keytab, principal: svc@CORP.EXAMPLE.COM}
    tls: {ca_file: ca.pem, start_tls: true, certificate_file: cert.pem, key_file: key.pem}
    filter: "(!(cn=a\\28b\\29*))"
    change_tracking: dirsync
    poll_interval: 1m30s
    full_sweep_interval: 1d
    observe_servers: [ldap://dc9.branch.example.com:389, "ldaps://[2001:DB8::1]:636"]
entra:
  tenant_id: Contoso.onmicrosoft.com
  client_id: 99999999-8888-7777-6666-55555555ABCD
  credential: {certificate_file: cert.pem, key_file: key.pem}
  cloud: usgov_dod
  authority_url: https://login.example.com:8443/
  proxy: http://svc@proxy.example.com:3128
  proxy_password_file: pw
  ca_file: ca.pem
  poll_interval: 2m
  lookback: 7d
  overlap: 3h
  registrations: report
  reports_limit: 2
  activities: {ngc_added: [Add it], fido_added: []}
  audit_files: ["*.json", nowhere/*.json]
sync: {cycle: 1h, grace: 10m}
ledger: {path: ledger.db, retention: 30d}
privacy: {user_names: hashed}
)yaml",
                                    configuration.file(), &warnings);
    REQUIRE(settings.has_value());
    const auto& folder = configuration.folder.path();
    const DomainSettings& domain = settings->domains.front();
    CHECK(domain.name == "corp.example.com");
    CHECK(domain.discover);
    CHECK(domain.site == "Berlin");
    CHECK(domain.base_dn == "OU=Staff,DC=corp,DC=example,DC=com");
    CHECK(domain.bind == BindSettings{BindMethod::gssapi, "", {}, folder / "svc.keytab", "svc@CORP.EXAMPLE.COM"});
    CHECK(domain.tls == TlsSettings{folder / "ca.pem", true, folder / "cert.pem", folder / "key.pem"});
    CHECK(domain.filter == "(!(cn=a\\28b\\29*))");
    CHECK(domain.change_tracking == ChangeTracking::dirsync);
    CHECK(domain.poll_interval == 90s);
    CHECK(domain.full_sweep_interval == 24h);
    CHECK(domain.observe_servers ==
          std::vector<std::string>{"ldap://dc9.branch.example.com:389", "ldaps://[2001:db8::1]:636"});
    REQUIRE(settings->entra.has_value());
    const EntraSettings& entra = *settings->entra;
    CHECK(entra.uses_graph());
    CHECK(entra.tenant_id == "contoso.onmicrosoft.com");
    CHECK(entra.client_id == "99999999-8888-7777-6666-55555555abcd");
    CHECK(entra.credential == Credential(ClientCertificate{folder / "cert.pem", folder / "key.pem"}));
    CHECK(entra.cloud == Cloud::usgov_dod);
    CHECK(entra.authority_url == "https://login.example.com:8443");
    CHECK(entra.graph_url.empty());
    CHECK(entra.proxy == "http://svc@proxy.example.com:3128");
    CHECK(entra.proxy_password_file == folder / "pw");
    CHECK(entra.ca_file == folder / "ca.pem");
    CHECK(entra.poll_interval == 2min);
    CHECK(entra.lookback == 7 * 24h);
    CHECK(entra.overlap == 3h);
    CHECK(entra.registrations == RegistrationSource::report);
    CHECK(entra.reports_limit == 2);
    CHECK(entra.activities.ngc_added == std::vector<std::string>{"Add it"});
    CHECK(entra.activities.ngc_deleted == AuditActivities().ngc_deleted);
    CHECK(entra.activities.fido_added.empty());
    CHECK(entra.audit_files ==
          std::vector<std::string>{(folder / "*.json").string(), (folder / "nowhere/*.json").string()});
    CHECK(settings->sync.cycle == 1h);
    CHECK(settings->sync.grace == 10min);
    CHECK_MESSAGE(settings->sync.overdue_after == 130min, "two cycles and the grace, where it is not given");
    CHECK(settings->ledger.path == folder / "ledger.db");
    CHECK(settings->ledger.retention == 30 * 24h);
    CHECK(settings->user_names == UserNames::hashed);
    CHECK(joined(configuration.lines(warnings)) ==
          "29:27: warning: entra.audit_files[1]: the folder DIR/nowhere is not there (yet): no audit log "
          "will be read from it");
}

TEST_CASE("each kind of credential") {
    const ConfigurationFolder configuration;
    const auto credential = [&](const std::string& text) {
        const auto settings = load_text(sound_domain + "entra:\n  tenant_id: a.example.com\n  credential: " + text +
                                            "\n  client_id: 99999999-8888-7777-6666-555555555555\n",
                                        configuration.file());
        REQUIRE(settings.has_value());
        return settings->entra->credential;
    };
    const auto& folder = configuration.folder.path();
    CHECK(credential("{secret_file: secret}") == Credential(ClientSecret{folder / "secret"}));
    CHECK(credential("{certificate_file: key.pem}") == Credential(ClientCertificate{folder / "key.pem", {}}));
    CHECK(credential("{federated_token_file: secret}") == Credential(FederatedToken{folder / "secret"}));
    CHECK(credential("{managed_identity: system}") == Credential(ManagedIdentity{}));
    CHECK(credential("{managed_identity: 99999999-8888-7777-6666-555555555555}") ==
          Credential(ManagedIdentity{"99999999-8888-7777-6666-555555555555"}));
}

TEST_CASE("a managed identity needs no client_id") {
    const ConfigurationFolder configuration;
    CHECK(
        configuration.told(sound_domain + "entra: {tenant_id: a.example.com, credential: {managed_identity: system}}\n")
            .empty());
}

TEST_CASE("${CREDENTIALS_DIRECTORY} is expanded, and told where it is not set") {
    const ConfigurationFolder configuration;
    const std::string text =
        "domains:\n  - name: corp.example.com\n    discover: true\n"
        "    bind: {dn: x, password_file: \"${CREDENTIALS_DIRECTORY}/pw\"}\n";
    ::unsetenv("CREDENTIALS_DIRECTORY");
    CHECK(joined(configuration.told(text)) ==
          "4:34: error: domains[0].bind.password_file: \"${CREDENTIALS_DIRECTORY}/pw\" needs the "
          "environment variable CREDENTIALS_DIRECTORY, which is not set: systemd sets it for a "
          "service with LoadCredential= (without it secret_NAME is looked for as secrets/NAME beside this file)");
    ::setenv("CREDENTIALS_DIRECTORY", configuration.folder.path().c_str(), 1);
    const auto settings = load_text(text, configuration.file());
    ::unsetenv("CREDENTIALS_DIRECTORY");
    REQUIRE(settings.has_value());
    CHECK(settings->domains.front().bind.password_file == configuration.folder.path() / "pw");
}

TEST_CASE("who has no credentials folder finds a secret of the unit where the unit finds it") {
    const ConfigurationFolder configuration;
    const std::string text =
        "domains:\n  - name: corp.example.com\n    discover: true\n"
        "    bind: {dn: x, password_file: \"${CREDENTIALS_DIRECTORY}/secret_ad-password\"}\n";
    ::unsetenv("CREDENTIALS_DIRECTORY");
    CHECK(joined(configuration.told(text)) ==
          "4:34: error: domains[0].bind.password_file: cannot open DIR/secrets/ad-password: No such file or directory");
    std::filesystem::create_directory(configuration.folder.path() / "secrets");
    configuration.folder.write("secrets/ad-password", "sesame");
    const auto settings = load_text(text, configuration.file());
    REQUIRE(settings.has_value());
    CHECK(settings->domains.front().bind.password_file == configuration.folder.path() / "secrets/ad-password");
    ::setenv("CREDENTIALS_DIRECTORY", configuration.folder.path().c_str(), 1);
    CHECK(joined(configuration.told(text)) ==
          "4:34: error: domains[0].bind.password_file: cannot open DIR/secret_ad-password: No such file or directory");
    ::unsetenv("CREDENTIALS_DIRECTORY");
    CHECK(joined(configuration.told(replace_all(text, "secret_ad", "secret_a/d"))).contains("needs the environment"));
}

TEST_CASE("a byte order mark and CRLF line ends are read") {
    const ConfigurationFolder configuration;
    const std::string text = "\xef\xbb\xbf" + replace_all(sound_domain, "\n", "\r\n") + "sync: {cycle: \"0s\"}\r\n";
    CHECK(joined(configuration.told(text)) ==
          "5:15: error: sync.cycle: expected a duration such as 90s, 30m, 1h30m or 7d, found \"0s\": "
          "it must be longer than zero");
}
