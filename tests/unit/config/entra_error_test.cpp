// What is wrong in `entra`: each problem with its place, key and mend; and that no secret is ever repeated.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/config/configuration_fixture.hpp"

using namespace keysyncd::config::test;

namespace {

std::string entra_with(const std::string& line) {
    return sound_domain + sound_entra + "  " + line + "\n";
}

std::string entra_by(const std::string& credential) {
    return sound_domain +
           "entra:\n  tenant_id: contoso.onmicrosoft.com\n  client_id: 99999999-8888-7777-6666-555555555555\n" +
           "  credential: " + credential + "\n";
}

const std::string one_of =
    "expected one of secret_file, certificate_file (with key_file), federated_token_file, "
    "managed_identity, found ";

}  // namespace

TEST_CASE("entra: the account") {
    check_cases({
        {"sound", sound_domain + sound_entra, {}},
        {"nothing", sound_domain + "entra:\n", {"5:1: error: entra: expected keys and values, found nothing"}},
        {"tenant",
         sound_domain + "entra:\n  tenant_id: my tenant\n  client_id: abc\n  credential: {secret_file: secret}\n",
         {"6:14: error: entra.tenant_id: expected the tenant's ID (a GUID) or one of its domains, such as "
          "contoso.onmicrosoft.com, found \"my tenant\"",
          "7:14: error: entra.client_id: expected the application (client) ID, a GUID, found \"abc\""}},
        {"a secret beside the credential",
         entra_with("client_secret: hunter2"),
         {"9:18: error: entra.client_secret: a secret must not stand in this file: put it in a file of its own (chmod "
          "600) and "
          "name that with credential: {secret_file: ...}"}},
        {"a secret in the credential",
         entra_by("{secret: hunter2}"),
         {"8:15: error: entra.credential: " + one_of + "none of them: keep one",
          "8:16: error: entra.credential.secret: a secret must not stand in this file: put it in a file of its own "
          "(chmod "
          "600) and name that with secret_file"}},
        {"a secret for a credential",
         entra_by("hunter2"),
         {"8:15: error: entra.credential: expected keys and values, found text"}},
        {"two credentials",
         entra_by("{secret_file: secret, managed_identity: system}"),
         {"8:15: error: entra.credential: " + one_of + "secret_file and managed_identity: keep one"}},
        {"missing secret file",
         entra_by("{secret_file: nowhere}"),
         {"8:29: error: entra.credential.secret_file: cannot open DIR/nowhere: No such file or directory"}},
        {"open secret file",
         entra_by("{secret_file: open}"),
         {"8:29: error: entra.credential.secret_file: DIR/open holds a secret and is open to every user (mode 0644): "
          "run chmod "
          "600 DIR/open"}},
        {"certificate with its key", entra_by("{certificate_file: cert.pem, key_file: key.pem}"), {}},
        {"open file with certificate and key",
         entra_by("{certificate_file: cert.pem}"),
         {"8:34: error: entra.credential.certificate_file: DIR/cert.pem holds a secret and is open to every user (mode "
          "0644): "
          "run chmod 600 DIR/cert.pem"}},
        {"key of no certificate",
         entra_by("{secret_file: secret, key_file: key.pem}"),
         {"8:47: error: entra.credential.key_file: the key must not stand here: it belongs to certificate_file, which "
          "is "
          "missing"}},
        {"token of another's making",
         entra_by("{federated_token_file: open}"),
         {"8:38: warning: entra.credential.federated_token_file: DIR/open holds a secret and is open to every user "
          "(mode 0644): "
          "run chmod 600 DIR/open"}},
        {"missing token",
         entra_by("{federated_token_file: nowhere}"),
         {"8:38: error: entra.credential.federated_token_file: cannot open DIR/nowhere: No such file or directory"}},
        {"identity",
         entra_by("{managed_identity: user}"),
         {"8:34: error: entra.credential.managed_identity: expected system or the client ID (a GUID) of a "
          "user-assigned "
          "identity, found \"user\""}},
    });
}

TEST_CASE("entra: endpoints and proxy") {
    check_cases({
        {"cloud",
         entra_with("cloud: usgov_doe"),
         {"9:10: error: entra.cloud: expected one of global, usgov, usgov_dod, china, found \"usgov_doe\": did you "
          "mean "
          "usgov_dod?"}},
        {"plain HTTP",
         entra_with("graph_url: http://127.0.0.1:8080"),
         {"9:14: error: entra.graph_url: expected an origin such as https://graph.microsoft.com, found http://: tokens "
          "go over "
          "HTTPS only"}},
        {"path",
         entra_with("authority_url: https://login.example.com/tenant"),
         {"9:18: error: entra.authority_url: expected an origin such as https://graph.microsoft.com: nothing may "
          "follow the "
          "host and port"}},
        {"user",
         entra_with("graph_url: https://u:hunter2@graph.example.com"),
         {"9:14: error: entra.graph_url: expected an origin such as https://graph.microsoft.com, found a URL with a "
          "user: remove "
          "it"}},
        {"cloud beside both",
         entra_with("cloud: china\n  authority_url: https://a\n  graph_url: https://b"),
         {"9:10: warning: entra.cloud: it does nothing beside authority_url and graph_url: remove it"}},
        {"password of the proxy",
         entra_with("proxy: http://u:hunter2@proxy:3128"),
         {"9:10: error: entra.proxy: a secret must not stand in this file: write http://USER@HOST:PORT and put the "
          "password in "
          "a file of its own (chmod 600), named with proxy_password_file"}},
        {"proxy's scheme",
         entra_with("proxy: socks5://proxy:1080"),
         {"9:10: error: entra.proxy: expected a proxy such as http://proxy.example.com:3128, found socks5://: the "
          "scheme is "
          "http:// or https://"}},
        {"password without proxy",
         entra_with("proxy_password_file: pw"),
         {"9:24: error: entra.proxy_password_file: the key must not stand here: it belongs to proxy, which is "
          "missing"}},
        {"password without user",
         entra_with("proxy: http://proxy:3128\n  proxy_password_file: pw"),
         {"9:10: error: entra.proxy: proxy_password_file is given, but no user: write http://USER@HOST:PORT"}},
        {"CA file",
         entra_with("ca_file: nowhere"),
         {"9:12: error: entra.ca_file: cannot open DIR/nowhere: No such file or directory"}},
    });
}

TEST_CASE("entra: registrations") {
    check_cases({
        {"source",
         entra_with("registrations: reports"),
         {"9:18: error: entra.registrations: expected one of audit, report, found \"reports\": did you mean report?"}},
        {"duration",
         entra_with("lookback: 1w"),
         {"9:13: error: entra.lookback: expected a duration such as 90s, 30m, 1h30m or 7d, found \"1w\": \"w\" is no "
          "unit; the "
          "units are d, h, m and s"}},
        {"limit of requests",
         entra_with("reports_limit: 0"),
         {"9:18: error: entra.reports_limit: expected requests in 10 s, a number from 1 to 1000, found \"0\""}},
        {"activity",
         entra_with("activities: {ngc_added: Add it}"),
         {"9:27: error: entra.activities.ngc_added: expected a list such as [a, b], found \"Add it\""}},
        {"unknown activity",
         entra_with("activities: {ngc_add: [Add it]}"),
         {"9:16: error: entra.activities.ngc_add: the key is not known: did you mean ngc_added?"}},
        {"folder of audit files",
         entra_with("audit_files: [nowhere/*.json]"),
         {"9:17: warning: entra.audit_files[0]: the folder DIR/nowhere is not there (yet): no audit log will be read "
          "from it"}},
        {"files alone need no account", sound_domain + "entra:\n  audit_files: [\"*.json\"]\n", {}},
        {"files and half an account",
         sound_domain + "entra:\n  audit_files: [\"*.json\"]\n  tenant_id: a.example.com\n",
         {"6:3: error: entra.credential: the key is missing: give one of secret_file, certificate_file, "
          "federated_token_file, "
          "managed_identity",
          "6:3: error: entra.client_id: the key is missing: give the application (client) ID, a GUID"}},
    });
}

TEST_CASE("no problem repeats a secret that stands where it must not") {
    const ConfigurationFolder configuration;
    const auto told = configuration.told(
        "domains:\n"
        "  - name: corp.example.com\n"
        "    servers: ['ldaps://svc:hunter2@dc1', 'ldaps://svc:hunter2@dc1/x']\n"
        "    bind: {dn: x, password: hunter2, Password: hunter2, secret: [hunter2], pwd: {hunter2: x}}\n"
        "entra:\n"
        "  proxy: 'http://u:hunter2@proxy:x'\n"
        "  graph_url: 'https://u:hunter2@graph/path'\n"
        "  client_secret: hunter2\n"
        "  credential: {secret: hunter2, token: hunter2}\n");
    CHECK(told.size() > 8);
    for (const std::string& line : told) {
        CAPTURE(line);
        CHECK(line.find("hunter2") == std::string::npos);
    }
}
