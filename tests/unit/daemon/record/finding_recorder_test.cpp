#include "daemon/record/finding_recorder.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "daemon/view/ledger_queries.hpp"
#include "tests/unit/daemon/recorder_fixture.hpp"

namespace keysyncd::daemon::test {
namespace {

using namespace std::chrono_literals;
using ldap::bit;
using ldap::KeyFinding;

constexpr auto on_premises = ldap::KeySource::active_directory;

std::uint64_t suspicious(RecorderFixture& f, const std::string& reason) {
    return f.figures().suspicious_keys.at(reason);
}

bool shows(RecorderFixture& f, std::uint8_t user, KeyFinding finding) {
    const auto found = LedgerQueries{f.settings, f.ledger->database()}.users(
        "user" + std::to_string(user) + "@corp.example.com", f.now);
    REQUIRE(found.size() == 1);
    return std::ranges::any_of(found.front().keys,
                               [&](const KeyView& key) { return (key.findings & bit(finding)) != 0; });
}

void switch_off(RecorderFixture& f, KeyFinding finding) {
    ldap::FindingPolicy policy;
    policy.enabled &= ~bit(finding);
    f.desk->directory.users.findings.set_policy(f.domain, policy);
}

TEST_CASE("keys of their own are no shared keys") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start)}), f.user(2, {f.key(2, start), f.key(3, start)})});
    CHECK(suspicious(f, "shared_key") == 0);
}

TEST_CASE("one user's key in two values is not shared") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start), f.key(1, start - 1min)})});
    CHECK(suspicious(f, "shared_key") == 0);
}

TEST_CASE("the same key on two users: both carry the finding, in one pass or in two") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start)}), f.user(2, {f.key(1, start), f.key(2, start)})});
    CHECK(suspicious(f, "shared_key") == 2);
    CHECK(shows(f, 1, KeyFinding::shared_key));
    CHECK(shows(f, 2, KeyFinding::shared_key));
    f.now += 1min;
    f.window({f.user(3, {f.key(1, start)})});
    CHECK(suspicious(f, "shared_key") == 3);
    CHECK(shows(f, 3, KeyFinding::shared_key));
    const auto found = LedgerQueries{f.settings, f.ledger->database()}.users("user3@corp.example.com", f.now);
    REQUIRE(found.front().keys.front().shared_with.size() == 2);
    CHECK(found.front().keys.front().shared_with.front().user_principal_name == "user1@corp.example.com");
}

TEST_CASE("while first sweeps go on nothing is compared, after the last of them everything is") {
    RecorderFixture f;
    const DomainId child = f.ledger->add_domain("child.corp.example.com", start - 24h);
    const ldap::PassStart begun{ldap::PassKind::full_sweep, "ldaps://dc9", "", f.now};
    f.desk->directory.begin_pass(child, begun);
    f.sweep({f.user(1, {f.key(1, start)}), f.user(2, {f.key(1, start)})});
    CHECK_FALSE(f.ledger->keys.ids_are_indexed());
    CHECK(suspicious(f, "shared_key") == 0);
    f.desk->directory.record(child, std::vector{f.user(3, {f.key(1, start)})}, f.now);
    ldap::PassEnd end;
    end.start = begun;
    f.desk->directory.finish_pass(child, end, f.now);
    f.desk->directory.after_first_sweeps();
    CHECK(f.ledger->keys.ids_are_indexed());
    CHECK(suspicious(f, "shared_key") == 2);
    CHECK(build_snapshot(*f.ledger, f.settings, 0, f.now)->domains[1].suspicious_keys.at("shared_key") == 1);
}

TEST_CASE("FIDO keys are shared by their credential id") {
    RecorderFixture f;
    const auto fido = f.key(1, start, ldap::KeySource::azure_ad, ldap::KeyUsage::fido);
    f.sweep({f.user(1, {fido}), f.user(2, {fido})});
    CHECK(suspicious(f, "shared_key") == 2);
}

TEST_CASE("a shared key that goes takes the finding from the last one left") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start)}), f.user(2, {f.key(1, start)}), f.user(3, {f.key(1, start)})});
    f.now += 30min;
    f.window({f.user(3, {})});
    CHECK(suspicious(f, "shared_key") == 2);
    f.now += 30min;
    f.window({f.user(2, {})});
    CHECK(suspicious(f, "shared_key") == 0);
    CHECK_FALSE(shows(f, 1, KeyFinding::shared_key));
    f.now += 30min;
    f.window({f.user(2, {f.key(1, start)})});  // and it comes back
    CHECK(suspicious(f, "shared_key") == 2);
}

TEST_CASE("a user that changes otherwise keeps the finding") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start)}), f.user(2, {f.key(1, start)})});
    auto renamed = f.user(1, {f.key(1, start)});
    renamed.dn = "CN=renamed,DC=corp,DC=example,DC=com";
    f.window({renamed});
    CHECK(suspicious(f, "shared_key") == 2);
    f.sweep({renamed, f.user(2, {f.key(1, start)})});
    CHECK(suspicious(f, "shared_key") == 2);
}

TEST_CASE("keys are compared across domains, each domain counts its own") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start)})});
    const DomainId child = f.ledger->add_domain("child.corp.example.com", start - 24h);
    const ldap::PassStart begun{ldap::PassKind::full_sweep, "ldaps://dc9", "", f.now};
    f.desk->directory.begin_pass(child, begun);
    f.desk->directory.record(child, std::vector{f.user(2, {f.key(1, start)})}, f.now);
    ldap::PassEnd end;
    end.start = begun;
    f.desk->directory.finish_pass(child, end, f.now);
    f.desk->directory.after_first_sweeps();
    const auto snapshot = build_snapshot(*f.ledger, f.settings, 0, f.now);
    CHECK(snapshot->domains[0].suspicious_keys.at("shared_key") == 1);
    CHECK(snapshot->domains[1].suspicious_keys.at("shared_key") == 1);
}

TEST_CASE("a user moved to another domain shares its key with nobody, and its findings are counted where it is") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start, on_premises)})});
    CHECK(suspicious(f, "source_ad") == 1);
    const DomainId child = f.ledger->add_domain("child.corp.example.com", start - 24h);
    const ldap::PassStart begun{ldap::PassKind::full_sweep, "ldaps://dc9", "", f.now};
    f.desk->directory.begin_pass(child, begun);
    f.desk->directory.record(child, std::vector{f.user(1, {f.key(1, start, on_premises)})}, f.now);
    ldap::PassEnd end;
    end.start = begun;
    f.desk->directory.finish_pass(child, end, f.now);
    f.desk->directory.after_first_sweeps();
    const auto snapshot = build_snapshot(*f.ledger, f.settings, 0, f.now);
    for (const auto& [reason, count] : snapshot->domains[0].suspicious_keys) {
        CAPTURE(reason);
        CHECK(count == 0);
    }
    CHECK(snapshot->domains[1].suspicious_keys.at("shared_key") == 0);
    CHECK(snapshot->domains[1].suspicious_keys.at("source_ad") == 1);
}

TEST_CASE("switched off, shared keys are not counted; switched on again, the ones that are there are found at once") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start)}), f.user(2, {f.key(1, start)}), f.user(3, {f.key(3, start)})});
    f.restart();
    switch_off(f, KeyFinding::shared_key);
    CHECK(suspicious(f, "shared_key") == 0);
    CHECK_FALSE(shows(f, 1, KeyFinding::shared_key));
    f.now += 1min;
    f.window({f.user(4, {f.key(3, start)})});
    CHECK(suspicious(f, "shared_key") == 0);
    f.restart();
    f.desk->directory.users.findings.set_policy(f.domain, {});
    CHECK(suspicious(f, "shared_key") == 4);
    f.restart();
    f.desk->directory.users.findings.set_policy(f.domain, {});
    CHECK(suspicious(f, "shared_key") == 4);
}

TEST_CASE("what is switched off ends for keys that are known, what is switched on is found by the next full sweep") {
    RecorderFixture f;
    const auto users = [&] { return std::vector{f.user(1, {f.key(1, start, on_premises)})}; };
    f.sweep(users());
    CHECK(suspicious(f, "source_ad") == 1);
    f.restart();
    ldap::FindingPolicy adfs;
    adfs.keys_registered_on_premises = true;
    f.desk->directory.users.findings.set_policy(f.domain, adfs);
    CHECK(suspicious(f, "source_ad") == 0);
    f.restart();
    f.desk->directory.users.findings.set_policy(f.domain, {});
    CHECK(suspicious(f, "source_ad") == 0);
    f.sweep(users());
    CHECK(suspicious(f, "source_ad") == 1);
}

TEST_CASE("a key that was seen for a few minutes only is short-lived, a longer-lived one is not") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 40 * 24h)})});
    f.now += 1min;
    f.window({f.user(1, {f.key(1, start - 40 * 24h), f.key(2, f.now)})});
    f.now += 2min;
    f.window({f.user(1, {f.key(1, start - 40 * 24h)})});
    CHECK(suspicious(f, "short_lived") == 1);
    f.now += 1min;
    f.window({f.user(1, {f.key(1, start - 40 * 24h), f.key(3, f.now)})});
    f.now += 20min;
    f.window({f.user(1, {f.key(1, start - 40 * 24h)})});
    CHECK(suspicious(f, "short_lived") == 1);
}

TEST_CASE("the directory's own record decides how long a key was there") {
    RecorderFixture f;
    f.sweep({});
    f.now += 1min;
    f.window({f.user(1, {f.key(1, f.now), f.key(2, f.now)})});
    f.now += 1h;
    auto after = f.user(1, {});
    for (const std::uint8_t number : {std::uint8_t{1}, std::uint8_t{2}}) {
        ldap::EndedKey ended;
        ended.key_id = f.key(number, f.now).key_id;
        ended.added_at = f.now - 1h;
        ended.removed_at = f.now - 1h + (number == 1 ? 2min : 20min);
        after.ended_keys.push_back(ended);
    }
    f.window({after});
    CHECK(suspicious(f, "short_lived") == 1);
}

TEST_CASE("a short-lived key is counted until its row is forgotten") {
    RecorderFixture f;
    f.sweep({});
    f.window({f.user(1, {f.key(1, f.now)})});
    f.now += 2min;
    f.window({f.user(1, {})});
    CHECK(suspicious(f, "short_lived") == 1);
    f.desk->housekeeping.tidy(f.now + 91 * 24h);
    CHECK(suspicious(f, "short_lived") == 0);
}

}  // namespace
}  // namespace keysyncd::daemon::test
