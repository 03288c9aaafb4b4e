// What is wrong in `domains`, `sync`, `ledger` and `privacy`: each problem with its place, key and mend.
#include <doctest/doctest.h>

#include "tests/unit/config/configuration_fixture.hpp"

using namespace keysyncd::config::test;

namespace {

/// A domain with one more line; without `servers` where `line` says how they are found.
std::string domain_with(const std::string& line) {
    return sound_domain + "    " + line + "\n";
}

std::string domain_of(const std::string& servers, const std::string& bind, const std::string& tls = "{}") {
    return "domains:\n  - name: corp.example.com\n    servers: " + servers + "\n    bind: " + bind +
           "\n    tls: " + tls + "\n";
}

const std::string simple = "{method: simple, dn: x, password_file: pw}";

}  // namespace

TEST_CASE("domains: keys that are missing, unknown or of the wrong type") {
    check_cases({
        {"sound", sound_domain, {}},
        {"no domains",
         "sync: {cycle: 30m}\n",
         {"1:1: error: domains: the key is missing: give at least one Active Directory domain, with name, servers and "
          "bind"}},
        {"empty list", "domains: []\n", {"1:10: error: domains: expected a list of at least one, found an empty list"}},
        {"no list", "domains: {name: x}\n", {"1:10: error: domains: expected a list of at least one, found a mapping"}},
        {"nothing in it",
         "domains:\n  - name: corp.example.com\n",
         {"2:5: error: domains[0].bind: the key is missing: give bind: {method: simple, dn: ..., password_file: ...}, "
          "or "
          "method gssapi or external",
          "2:5: error: domains[0].servers: the key is missing: list servers: [ldaps://dc1.corp.example.com], or set "
          "discover: true"}},
        {"no name",
         "domains:\n  - discover: true\n    bind: " + simple + "\n",
         {"2:5: error: domains[0].name: the key is missing: give the domain's DNS name, such as corp.example.com"}},
        {"bad name",
         "domains:\n  - name: corp_-.\n    discover: true\n    bind: " + simple + "\n",
         {"2:11: error: domains[0].name: expected a DNS name such as corp.example.com, found \"corp_-.\""}},
        {"same name in other case",
         sound_domain + "  - name: CORP.example.com\n    discover: true\n    bind: " + simple + "\n",
         {"5:11: error: domains[1].name: the domain \"corp.example.com\" stands twice, first on line 2: remove one"}},
        {"unknown key with a near one",
         domain_with("poll_intervall: 60s"),
         {"5:5: error: domains[0].poll_intervall: the key is not known: did you mean poll_interval?"}},
        {"two letters swapped",
         domain_with("fitler: (a=b)"),
         {"5:5: error: domains[0].fitler: the key is not known: did you mean filter?"}},
        {"unknown key with none near",
         domain_with("colour: red"),
         {"5:5: error: domains[0].colour: the key is not known; known here: base_dn, bind, change_tracking, discover, "
          "filter, findings, full_sweep_interval, name, observe_servers, poll_interval, servers, site, tls"}},
        {"unknown section",
         sound_domain + "domain: x\n",
         {"5:1: error: domain: the key is not known: did you mean domains?"}},
        {"text for a list",
         domain_with("observe_servers: ldaps://dc9.corp.example.com"),
         {"5:22: error: domains[0].observe_servers: expected a list such as [a, b], found "
          "\"ldaps://dc9.corp.example.com\""}},
        {"list for a text",
         domain_with("base_dn: [DC=corp]"),
         {"5:14: error: domains[0].base_dn: expected text, found a list"}},
        {"nothing for a text",
         domain_with("base_dn:"),
         {"5:5: error: domains[0].base_dn: expected text, found nothing"}},
        {"empty text",
         domain_with("base_dn: ''"),
         {"5:14: error: domains[0].base_dn: expected text, found nothing: give a value or remove the key"}},
        {"control characters",
         domain_with("base_dn: \"DC=\\e[2J\""),
         {"5:14: error: domains[0].base_dn: expected text on one line, found control characters"}},
        {"word for a truth value",
         domain_with("discover: yes"),
         {"5:15: error: domains[0].discover: expected true or false, found \"yes\""}},
    });
}

TEST_CASE("domains: servers") {
    check_cases({
        {"listed and discovered",
         domain_with("discover: true"),
         {"5:15: error: domains[0].discover: servers are listed and discover is true: keep one of the two"}},
        {"no server in the list",
         domain_of("[]", simple),
         {"3:14: error: domains[0].servers: expected at least one server such as ldaps://dc1.corp.example.com, found "
          "none"}},
        {"site without discovery",
         domain_with("site: Berlin"),
         {"5:11: error: domains[0].site: a site is for discover: true only: remove it, or discover servers instead of "
          "listing "
          "them"}},
        {"no URL",
         domain_of("[dc1.corp.example.com]", simple),
         {"3:15: error: domains[0].servers[0]: expected a server such as ldaps://dc1.corp.example.com, found "
          "\"dc1.corp.example.com\": it has no scheme://"}},
        {"other scheme",
         domain_of("[https://dc1.corp.example.com]", simple),
         {"3:15: error: domains[0].servers[0]: expected a server such as ldaps://dc1.corp.example.com, found "
          "\"https://dc1.corp.example.com\": the scheme is ldap:// or ldaps://"}},
        {"port",
         domain_of("[ldaps://dc1, 'ldaps://dc2:65536']", simple),
         {"3:28: error: domains[0].servers[1]: expected a server such as ldaps://dc1.corp.example.com, found "
          "\"ldaps://dc2:65536\": the port is not a number from 1 to 65535"}},
        {"path",
         domain_of("[ldaps://dc1/DC=corp]", simple),
         {"3:15: error: domains[0].servers[0]: expected a server such as ldaps://dc1.corp.example.com, found "
          "\"ldaps://dc1/DC=corp\": nothing may follow the host and port"}},
        {"password in the URL is not repeated",
         domain_of("['ldaps://svc:hunter2@dc1']", simple),
         {"3:15: error: domains[0].servers[0]: expected a server such as ldaps://dc1.corp.example.com, found a URL "
          "with a "
          "user: the account belongs under bind"}},
        {"twice",
         domain_of("[ldaps://dc1, LDAPS://DC1/]", simple),
         {"3:28: error: domains[0].servers[1]: the server \"ldaps://dc1\" stands twice: remove one"}},
        {"simple bind without TLS",
         domain_of("[ldap://dc1]", simple),
         {"3:15: error: domains[0].servers[0]: bind.method simple is done over TLS only, and \"ldap://dc1\" has none: "
          "write "
          "ldaps:// or set tls.start_tls: true"}},
        {"observed without TLS",
         domain_with("observe_servers: [ldap://dc9]"),
         {"5:23: error: domains[0].observe_servers[0]: bind.method simple is done over TLS only, and \"ldap://dc9\" "
          "has none: "
          "write ldaps:// or set tls.start_tls: true"}},
        {"simple bind with StartTLS", domain_of("[ldap://dc1]", simple, "{start_tls: true}"), {}},
        {"gssapi without TLS",
         domain_of("[ldap://dc1]", "{method: gssapi, keytab: svc.keytab, principal: svc@CORP}"),
         {}},
        {"StartTLS that does nothing",
         domain_of("[ldaps://dc1]", simple, "{start_tls: true}"),
         {"5:10: warning: domains[0].tls: start_tls: true does nothing for ldaps:// servers, which speak TLS from the "
          "start"}},
    });
}

TEST_CASE("domains: bind and tls") {
    check_cases({
        {"unknown method",
         domain_of("[ldaps://dc1]", "{method: gsapi, keytab: svc.keytab}"),
         {"4:20: error: domains[0].bind.method: expected one of simple, gssapi, external, found \"gsapi\": did you "
          "mean gssapi?"}},
        {"simple with nothing",
         domain_of("[ldaps://dc1]", "{method: simple}"),
         {"4:11: error: domains[0].bind.dn: the key is missing: give the account: a DN, a UPN or DOMAIN\\user",
          "4:11: error: domains[0].bind.password_file: the key is missing: give the file that holds the account's "
          "password"}},
        {"simple with a keytab",
         domain_of("[ldaps://dc1]", "{dn: x, password_file: pw, keytab: svc.keytab}"),
         {"4:46: error: domains[0].bind.keytab: the key must not stand here: it is for method gssapi, and this is "
          "simple"}},
        {"gssapi with a password",
         domain_of("[ldaps://dc1]", "{method: gssapi, password_file: pw}"),
         {"4:11: error: domains[0].bind.keytab: the key is missing: give the file that holds the account's Kerberos "
          "keys",
          "4:11: error: domains[0].bind.principal: the key is missing: give the account, such as "
          "keysyncd@CORP.EXAMPLE.COM",
          "4:43: error: domains[0].bind.password_file: the key must not stand here: it is for method simple, and this "
          "is "
          "gssapi"}},
        {"no principal",
         domain_of("[ldaps://dc1]", "{method: gssapi, keytab: svc.keytab, principal: svc}"),
         {"4:59: error: domains[0].bind.principal: expected a Kerberos principal such as keysyncd@CORP.EXAMPLE.COM, "
          "found "
          "\"svc\""}},
        {"external without a certificate",
         domain_of("[ldaps://dc1]", "{method: external}"),
         {"5:10: error: domains[0].tls: bind.method external shows a client certificate: give tls.certificate_file and "
          "tls.key_file"}},
        {"external",
         domain_of("[ldaps://dc1]", "{method: external}", "{certificate_file: cert.pem, key_file: key.pem}"),
         {}},
        {"certificate without its key",
         domain_of("[ldaps://dc1]", simple, "{certificate_file: cert.pem}"),
         {"5:10: error: domains[0].tls.key_file: the key is missing: give the private key (PEM) that belongs to "
          "certificate_file"}},
        {"missing CA file",
         domain_of("[ldaps://dc1]", simple, "{ca_file: nowhere/ca.pem}"),
         {"5:20: error: domains[0].tls.ca_file: cannot open DIR/nowhere/ca.pem: No such file or directory"}},
        {"CA file that is a folder",
         domain_of("[ldaps://dc1]", simple, "{ca_file: .}"),
         {"5:20: error: domains[0].tls.ca_file: expected a file, but DIR/ is a directory"}},
        {"open key file",
         domain_of("[ldaps://dc1]", simple, "{certificate_file: cert.pem, key_file: open}"),
         {"5:49: error: domains[0].tls.key_file: DIR/open holds a secret and is open to every user (mode 0644): run "
          "chmod 600 "
          "DIR/open"}},
        {"open password file",
         domain_of("[ldaps://dc1]", "{dn: x, password_file: open}"),
         {"4:34: error: domains[0].bind.password_file: DIR/open holds a secret and is open to every user (mode 0644): "
          "run "
          "chmod 600 DIR/open"}},
        {"password file that its group writes",
         domain_of("[ldaps://dc1]", "{dn: x, password_file: group_writes}"),
         {"4:34: error: domains[0].bind.password_file: DIR/group_writes holds a secret and may be written by its group "
          "(mode "
          "0660): run chmod g-w DIR/group_writes"}},
        {"password file that its group reads", domain_of("[ldaps://dc1]", "{dn: x, password_file: group_reads}"), {}},
        {"a password",
         domain_of("[ldaps://dc1]", "{dn: x, password: hunter2, password_file: pw}"),
         {"4:19: error: domains[0].bind.password: a secret must not stand in this file: put it in a file of its own "
          "(chmod "
          "600) and name that with password_file"}},
        {"a passphrase",
         domain_of("[ldaps://dc1]", simple, "{passphrase: hunter2}"),
         {"5:11: error: domains[0].tls.passphrase: a secret must not stand in this file, and this key is not known: "
          "remove it"}},
        {"a variable",
         domain_of("[ldaps://dc1]", "{dn: x, password_file: $HOME/pw}"),
         {"4:34: error: domains[0].bind.password_file: \"$HOME/pw\" would need expanding, and only a leading "
          "${CREDENTIALS_DIRECTORY}/ is: write the path out"}},
    });
}

TEST_CASE("domains: searches and intervals") {
    check_cases({
        {"base",
         domain_with("base_dn: corp.example.com"),
         {"5:14: error: domains[0].base_dn: expected a distinguished name such as DC=corp,DC=example,DC=com, found "
          "\"corp.example.com\""}},
        {"filter",
         domain_with("filter: (department=Sales"),
         {"5:13: error: domains[0].filter: expected an LDAP filter such as (department=Sales), found "
          "\"(department=Sales\": at "
          "character 18: expected )"}},
        {"tracking",
         domain_with("change_tracking: uns"),
         {"5:22: error: domains[0].change_tracking: expected one of auto, usn, dirsync, found \"uns\": did you mean "
          "usn?"}},
        {"number",
         domain_with("poll_interval: 60"),
         {"5:20: error: domains[0].poll_interval: expected a duration such as 90s, 30m, 1h30m or 7d, found \"60\": a "
          "number "
          "needs a unit; write 60s"}},
        {"list",
         domain_with("poll_interval: [60s]"),
         {"5:20: error: domains[0].poll_interval: expected a duration such as 90s, 30m, 1h30m or 7d, found a list"}},
        {"poll longer than the default sweep",
         domain_with("poll_interval: 24h"),
         {"5:20: error: domains[0].poll_interval: 1d is longer than full_sweep_interval, 12h where it is missing: a "
          "sweep reads all users, a poll only what changed"}},
        {"empty secret",
         "domains:\n  - name: a.example.com\n    discover: true\n    bind: {method: simple, dn: x, password_file: "
         "empty}\n",
         {"4:50: error: domains[0].bind.password_file: DIR/empty is empty: write the secret into it"}},
        {"a secret where a section should be",
         "domains:\n  - name: a.example.com\n    discover: true\n    bind: hunter2\n",
         {"4:11: error: domains[0].bind: expected keys and values, found text"}},
        {"sweep below poll",
         domain_with("full_sweep_interval: 30s"),
         {"5:26: error: domains[0].full_sweep_interval: 30s is shorter than poll_interval, 1m: a sweep reads all "
          "users, a poll "
          "only what changed"}},
    });
}

TEST_CASE("sync, ledger and privacy") {
    check_cases({
        {"overdue too early",
         sound_domain + "sync: {cycle: 30m, overdue_after: 30m}\n",
         {"5:35: warning: sync.overdue_after: 30m is not longer than one cycle, 30m: keys that arrive in time will be "
          "called "
          "overdue"}},
        {"zero",
         sound_domain + "sync: {cycle: 0s}\n",
         {"5:15: error: sync.cycle: expected a duration such as 90s, 30m, 1h30m or 7d, found \"0s\": it must be longer "
          "than "
          "zero"}},
        {"unknown in sync",
         sound_domain + "sync: {cyle: 30m}\n",
         {"5:8: error: sync.cyle: the key is not known: did you mean cycle?"}},
        {"ledger's folder",
         sound_domain + "ledger: {path: nowhere/ledger.db}\n",
         {"5:16: warning: ledger.path: the folder DIR/nowhere is not there: create it, owned by the service's user"}},
        {"ledger is a folder",
         sound_domain + "ledger: {path: .}\n",
         {"5:16: error: ledger.path: expected a file, but DIR/ is a directory"}},
        {"privacy",
         sound_domain + "privacy: {user_names: none}\n",
         {"5:23: error: privacy.user_names: expected one of full, hashed, found \"none\""}},
        {"privacy as a word",
         sound_domain + "privacy: full\n",
         {"5:10: error: privacy: expected keys and values, found text"}},
        {"retention below lookback",
         sound_domain + sound_entra + "  lookback: 30d\nledger: {retention: 7d}\n",
         {"10:9: warning: ledger: retention 7d is shorter than entra.lookback 30d: older keys are forgotten and read "
          "again"}},
        {"Entra asked less often than it synchronises",
         sound_domain + sound_entra + "  poll_interval: 1h\n",
         {"6:3: warning: entra: poll_interval 1h is longer than sync.cycle 30m: keys are told late, and whether the "
          "tenant still synchronises is not known all the time"}},
    });
}

TEST_CASE("domains: findings") {
    check_cases({
        {"off switches", domain_with("findings: {keys_registered_on_premises: true, ignore: [roca, short_lived]}"), {}},
        {"a name that is not known",
         domain_with("findings: {ignore: [rocca]}"),
         {"5:25: error: domains[0].findings.ignore[0]: expected one of source_ad, unmatched, created_after_write, "
          "key_hash_wrong, tool_fingerprint, roca, shared_key, protected_account, disabled_account, short_lived, found "
          "\"rocca\": did you mean roca?"}},
        {"a key that is not known",
         domain_with("findings: {ignored: [roca]}"),
         {"5:16: error: domains[0].findings.ignored: the key is not known: did you mean ignore?"}},
    });
}
