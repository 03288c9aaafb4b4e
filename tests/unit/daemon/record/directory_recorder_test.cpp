#include "daemon/record/directory_recorder.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/daemon/recorder_fixture.hpp"

namespace keysyncd::daemon::test {
namespace {

using namespace std::chrono_literals;
using metrics::State;

TEST_CASE("a key that appears later is measured once, also when it was registered before the look-back") {
    RecorderFixture f;
    f.sweep({});
    f.now += 10min;
    f.window({f.user(1, {f.key(1, start - 30 * 24h)})});
    f.window({f.user(1, {f.key(1, start - 30 * 24h)})});
    f.sweep({f.user(1, {f.key(1, start - 30 * 24h)})});
    CHECK(f.ngc().writes == 1);
    CHECK(f.ngc().delay.buckets.back() == 1);
    CHECK(f.ngc().missed_cycles == 24 * 2 * 30);
}

TEST_CASE("keys made on premises are local: written, never measured, not registrations") {
    RecorderFixture f;
    f.sweep({});
    f.now += 1min;
    f.window({f.user(1, {f.key(1, f.now - 10s, ldap::KeySource::active_directory)})});
    CHECK(f.keys_in(State::local) == 1);
    CHECK(f.ngc().writes == 1);
    CHECK(f.ngc().registrations == 0);
    CHECK(f.ngc().delay.count() == 0);
}

TEST_CASE("usages are told apart") {
    RecorderFixture f;
    f.sweep({});
    f.window({f.user(1, {f.key(1, start - 2min, ldap::KeySource::azure_ad, ldap::KeyUsage::fido),
                         f.key(2, start - 2min, ldap::KeySource::azure_ad, ldap::KeyUsage::stk)})});
    CHECK(f.figures().usage[1].delay.count() == 1);
    CHECK(f.figures().usage[2].delay.count() == 1);
    CHECK(f.ngc().delay.count() == 0);
}

TEST_CASE("a removed key is noticed in a window, the last one of a user too") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 10min), f.key(2, start - 10min)})});
    f.now += 1min;
    f.window({f.user(1, {f.key(2, start - 10min)})});
    CHECK(f.ngc().removals == 1);
    CHECK(f.keys_in(State::removed) == 1);
    CHECK(f.keys_in(State::synced) == 1);
    f.now += 1min;
    f.window({f.user(1, {})});
    CHECK(f.ngc().removals == 2);
    CHECK(f.keys_in(State::synced) == 0);
}

TEST_CASE("a user that a full sweep no longer returns has lost its keys, a window proves nothing") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 10min)}), f.user(2, {f.key(2, start - 10min)})});
    f.now += 1min;
    f.window({});
    CHECK(f.ngc().removals == 0);
    f.sweep({f.user(2, {f.key(2, start - 10min)})});
    CHECK(f.ngc().removals == 1);
    f.sweep({f.user(2, {f.key(2, start - 10min)})});
    CHECK(f.ngc().removals == 1);
    CHECK(f.figures().full_sweeps == 3);
}

TEST_CASE("a sweep of a domain controller that may lag removes nobody, and forgets whom it was asked to") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 10min)}), f.user(2, {f.key(2, start - 10min)})});
    ldap::PassEnd end;
    end.start.kind = ldap::PassKind::full_sweep;
    end.start.started = f.now;
    end.start.may_lag = true;
    end.cursor = {.server = "ldaps://dc2", .invocation_id = guid(99), .usn = 5, .dirsync_cookie = {}};
    const auto before = f.ledger->domain_table.cursors(f.domain);
    REQUIRE(before.size() == 1);
    end.given_up = {before.front().server};
    f.desk->directory.begin_pass(f.domain, end.start);
    f.desk->directory.record(f.domain, std::vector{f.user(2, {f.key(2, start - 10min)})}, f.now);
    f.desk->directory.finish_pass(f.domain, end, f.now);
    CHECK(f.ngc().removals == 0);
    CHECK(f.keys_in(State::synced) == 2);
    REQUIRE(f.ledger->domain_table.cursors(f.domain).size() == 1);
    CHECK(f.ledger->domain_table.cursors(f.domain).front().server == "ldaps://dc2");
    f.sweep({f.user(2, {f.key(2, start - 10min)})});
    CHECK(f.ngc().removals == 1);
}

TEST_CASE("a tombstone takes the keys along") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 10min)})});
    ldap::DirectoryUser gone = f.user(1, {});
    gone.deleted = true;
    f.window({gone});
    CHECK(f.ngc().removals == 1);
}

TEST_CASE("the keys of a user whose keys are hidden stay, in a window and in a sweep") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 10min)}), f.user(2, {f.key(2, start - 10min)}), f.user(3, {})});
    for (const auto kind : {ldap::PassKind::window, ldap::PassKind::full_sweep}) {
        f.now += 1min;
        const ldap::PassStart begun{kind, "ldaps://dc1", "", f.now};
        f.desk->directory.begin_pass(f.domain, begun);
        f.desk->directory.record(f.domain, std::vector{f.user(1, {}), f.user(3, {})}, f.now);
        std::vector<ldap::Guid> asked;
        for (const ldap::KnownUser& user : f.desk->directory.bereft(f.domain)) {
            asked.push_back(user.object_guid);
            CHECK(user.dn.starts_with("CN=user"));
        }
        std::ranges::sort(asked);
        CHECK(asked == (kind == ldap::PassKind::window ? std::vector{guid(1)} : std::vector{guid(1), guid(2)}));
        ldap::PassEnd end;
        end.start = begun;
        end.hidden = {guid(2), guid(1)};
        f.desk->directory.finish_pass(f.domain, end, f.now);
    }
    CHECK(f.ngc().removals == 0);
    CHECK(f.keys_in(State::synced) == 2);
    // The right came back: nothing was written.
    f.now += 1min;
    f.sweep({f.user(1, {f.key(1, start - 10min)}), f.user(2, {f.key(2, start - 10min)})});
    CHECK(f.ngc().writes == 2);
    f.now += 1min;
    f.sweep({f.user(1, {})});
    CHECK(f.ngc().removals == 2);
}

TEST_CASE("an abandoned pass leaves what was shown, and removes nothing that is not proven") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 10min)}), f.user(2, {f.key(2, start - 10min), f.key(3, start - 10min)})});
    f.now += 1min;
    f.desk->directory.begin_pass(f.domain, {ldap::PassKind::window, "ldaps://dc1", "", f.now});
    f.desk->directory.record(
        f.domain, std::vector{f.user(1, {}), f.user(2, {f.key(2, start - 10min)}), f.user(4, {f.key(4, f.now - 30s)})},
        f.now);
    f.desk->directory.abandon_pass(f.domain);
    const auto looks_so = [&] {
        CHECK(f.ngc().removals == 1);  // of user 2, which shows another one
        CHECK(f.ngc().writes == 4);
        CHECK(f.keys_in(State::synced) == 3);
        CHECK(f.ledger->bursts.newest(f.domain).back().last == Instant{*f.user(4, {}).when_changed});
    };
    looks_so();
    f.restart();
    looks_so();
}

TEST_CASE("a user found twice in a pass counts as it was found last") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 10min)}), f.user(2, {f.key(2, start - 10min)})});
    f.now += 1min;
    f.window(
        {f.user(1, {}), f.user(1, {f.key(1, start - 10min)}), f.user(2, {f.key(2, start - 10min)}), f.user(2, {})});
    CHECK(f.ngc().removals == 1);
    CHECK(f.keys_in(State::synced) == 1);
}

TEST_CASE("a rename keeps the keys") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 10min)})});
    ldap::DirectoryUser renamed = f.user(1, {f.key(1, start - 10min)});
    renamed.dn = "CN=Ada,OU=Elsewhere,DC=corp,DC=example,DC=com";
    f.now += 1min;
    f.window({renamed});
    CHECK(f.ngc().removals == 0);
    CHECK(f.ngc().writes == 1);
    CHECK(f.ledger->users.find(f.domain, guid(1))->dn == renamed.dn);
}

TEST_CASE("a key that comes back is a write but no second measurement") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 10min)})});
    f.window({f.user(1, {})});
    f.now += 30min;
    f.window({f.user(1, {f.key(1, start - 10min)})});
    CHECK(f.ngc().writes == 2);
    CHECK(f.ngc().registrations == 1);
    CHECK(f.ngc().delay.count() == 1);
    CHECK(f.keys_in(State::synced) == 1);
    CHECK(f.keys_in(State::removed) == 0);
}

TEST_CASE("incremental key sets add and remove without knowing the rest") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 10min), f.key(2, start - 10min)})});
    ldap::DirectoryUser change = f.user(1, {f.key(3, start - 5min)});
    change.key_set = ldap::KeySet::incremental;
    change.removed_keys.push_back(f.key(1, start).key_id);
    f.window({change});
    CHECK(f.keys_in(State::synced) == 2);
    CHECK(f.ngc().removals == 1);
    CHECK(f.ngc().writes == 3);
}

TEST_CASE("one key id in two values of a user is one key") {
    RecorderFixture f;
    f.sweep({});
    ldap::DirectoryKey twin = f.key(1, start - 1min);
    twin.value_hash = 77;
    f.window({f.user(1, {f.key(1, start - 1min), twin})});
    CHECK(f.keys_in(State::synced) == 1);
    CHECK(f.ngc().writes == 1);
}

TEST_CASE("a value that does not decode is counted once") {
    RecorderFixture f;
    ldap::DirectoryUser user = f.user(1, {});
    std::vector<std::string> told;
    f.desk->directory.users.on_malformed = [&](const UserRow& row, const ldap::MalformedValue& value) {
        told.push_back(row.dn + ": " + value.kind);
    };
    user.malformed.push_back({"truncated_value", 42});
    f.sweep({user});
    f.sweep({user});
    CHECK(f.figures().malformed_values["truncated_value"] == 1);
    user.malformed.push_back({"truncated_value", 43});
    f.window({user});
    CHECK(f.figures().malformed_values["truncated_value"] == 2);
    CHECK(told == std::vector<std::string>(2, "CN=user1,DC=corp,DC=example,DC=com: truncated_value"));
}

TEST_CASE("a creation time after the write is no measurement") {
    RecorderFixture f;
    f.sweep({});
    f.window({f.user(1, {f.key(1, start + 1h)})});
    CHECK(f.ngc().delay.count() == 0);
    CHECK(f.figures().malformed_values["created_after_written"] == 1);
}

TEST_CASE("what was not committed is read again and counted once") {
    RecorderFixture f;
    f.sweep({});
    f.now += 1min;
    const std::vector<ldap::DirectoryUser> change{f.user(1, {f.key(1, start - 1min)})};
    f.desk->directory.begin_pass(f.domain, {ldap::PassKind::window, "ldaps://dc1", "", f.now});
    f.desk->directory.record(f.domain, change, f.now);
    f.restart();  // before the pass ended
    CHECK(f.ngc().writes == 0);
    f.window(change);
    CHECK(f.ngc().writes == 1);
    f.restart();
    CHECK(f.ngc().writes == 1);
    CHECK(f.ngc().delay.count() == 1);
    CHECK(f.keys_in(State::synced) == 1);
}

TEST_CASE("a pass that lost a part of itself is not taken for whole") {
    RecorderFixture f;
    f.desk->directory.begin_pass(f.domain, {ldap::PassKind::full_sweep, "ldaps://dc1", "", f.now});
    f.desk->directory.record(f.domain, std::vector{f.user(1, {f.key(1, start)})}, f.now);
    f.ledger->rollback();
    ldap::PassEnd end;
    end.start.kind = ldap::PassKind::full_sweep;
    CHECK_THROWS_AS(f.desk->directory.finish_pass(f.domain, end, f.now), std::runtime_error);
}

TEST_CASE("a user moved to another domain keeps its keys: nothing was written or removed") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 10min)})});
    const DomainId child = f.ledger->add_domain("child.corp.example.com", start - 24h);
    const ldap::PassStart begun{ldap::PassKind::full_sweep, "ldaps://dc9", "", f.now};
    f.desk->directory.begin_pass(child, begun);
    f.desk->directory.record(child, std::vector{f.user(1, {f.key(1, start - 10min)})}, f.now);
    ldap::PassEnd end;
    end.start = begun;
    f.desk->directory.finish_pass(child, end, f.now);
    const auto snapshot = build_snapshot(*f.ledger, f.settings, 0, f.now);
    CHECK(snapshot->domains[1].usage[0].writes == 0);
    CHECK(snapshot->domains[1].usage[0].keys[static_cast<std::size_t>(State::synced)] == 1);
    f.sweep({});
    CHECK(f.ngc().removals == 0);
}

TEST_CASE("a key of a user that has not changed since it was not shown was hidden: nobody knows when it was written") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 40 * 24h)})});
    ldap::DirectoryUser old = f.user(2, {f.key(2, start - 40 * 24h), f.key(3, start - 90min)});
    old.when_changed = std::chrono::floor<std::chrono::seconds>(start - 1h);
    old.usn_changed = 1000;
    f.desk->directory.users.arrivals.observe(f.domain, {"ldaps://branch"});
    f.now += 10min;
    SUBCASE("by uSNChanged") {
        f.read_up_to = 1000;
        f.sweep({f.user(1, {f.key(1, start - 40 * 24h)}), old});
        CHECK(f.keys_in(State::synced) == 3);
        CHECK(f.ngc().writes == 0);
        CHECK(f.ngc().registrations == 0);
        CHECK(f.ngc().delay.count() == 0);
        CHECK(f.ngc().missed_cycles == 0);
        CHECK(f.ledger->awaited.of(f.domain, "ldaps://branch").empty());
        const auto rows = f.ledger->keys.of_user(f.ledger->users.find(f.domain, guid(2))->id);
        CHECK(rows.front().written_earliest == start - 40 * 24h);
        CHECK(rows.front().written_latest == Instant{*old.when_changed});
    }
    SUBCASE("not where replication brought it since, or another domain controller had it before") {
        f.read_up_to = 999;
        f.sweep({f.user(1, {f.key(1, start - 40 * 24h)}), old});
        CHECK(f.ngc().writes == 2);
        CHECK(f.ngc().delay.count() == 2);
    }
    SUBCASE("not where uSNChanged does not show") {
        f.read_up_to = 1000;
        old.usn_changed = 0;
        f.sweep({f.user(1, {f.key(1, start - 40 * 24h)}), old});
        CHECK(f.ngc().delay.count() == 2);
    }
    SUBCASE("nor where replication metadata names the write") {
        f.read_up_to = 1000;
        for (ldap::DirectoryKey& key : old.keys) {
            key.write = ldap::DirectoryKey::Write{start - 1h, start - 1h, 1, {}};
        }
        f.sweep({f.user(1, {f.key(1, start - 40 * 24h)}), old});
        CHECK(f.figures().measurements[0] == 2);
    }
}

TEST_CASE("a registration whose key was hidden is over, and not measured") {
    RecorderFixture f;
    f.audit({RecorderFixture::added("event-1", 2, start - 2h)});
    f.sweep({});
    CHECK(f.keys_in(State::pending) == 1);
    f.now += 10min;
    f.read_up_to = 1000;
    ldap::DirectoryUser shown = f.user(2, {f.key(2, start - 2h)});
    shown.when_changed = std::chrono::floor<std::chrono::seconds>(start - 10min);
    shown.usn_changed = 999;
    f.sweep({shown});
    CHECK(f.keys_in(State::pending) == 0);
    CHECK(f.keys_in(State::synced) == 1);
    CHECK(f.ngc().delay.count() == 0);
}

TEST_CASE("another base_dn or filter is a new baseline, and swept") {
    RecorderFixture f;
    f.desk->directory.set_scope(f.domain, "", "", start - 24h);
    f.sweep({f.user(1, {f.key(1, start - 40 * 24h)})});
    f.now += 1h;
    f.restart();
    f.desk->directory.set_scope(f.domain, "", "", f.now - 24h);
    CHECK(f.ledger->domain(f.domain).last_sweep == start);
    f.desk->directory.set_scope(f.domain, "", "(department=x)", f.now - 24h);
    f.restart();
    CHECK_FALSE(f.ledger->domain(f.domain).last_sweep);
    CHECK(f.ledger->domain(f.domain).baseline_before == f.now - 24h);
    // Their users changed just now: uSNChanged tells nothing.
    f.sweep(
        {f.user(1, {f.key(1, start - 40 * 24h)}), f.user(2, {f.key(2, start - 40 * 24h), f.key(3, f.now - 20min)})});
    CHECK(f.keys_in(State::synced) == 3);
    CHECK(f.ngc().writes == 1);
    CHECK(f.ngc().delay.sum_ticks == Ticks{20min}.count());
    f.desk->directory.set_scope(f.domain, "", "(department=x)", f.now - 24h);
    CHECK(f.ledger->domain(f.domain).last_sweep == f.now);
}

TEST_CASE("only users with a new key are worth asking for their metadata") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 10min)})});
    const std::vector<ldap::DirectoryUser> users{
        f.user(1, {f.key(1, start - 10min)}), f.user(1, {f.key(1, start - 10min), f.key(2, start)}),
        f.user(2, {f.key(3, start, ldap::KeySource::active_directory)}), f.user(3, {f.key(4, start)})};
    CHECK(f.desk->directory.with_news(f.domain, users) == std::vector<bool>{false, true, true, true});
}

TEST_CASE("a key that was removed is news when it comes back") {
    RecorderFixture f;
    const std::vector<ldap::DirectoryUser> users{f.user(1, {f.key(1, start - 10min)})};
    f.sweep(users);
    f.now += 1min;
    f.window({f.user(1, {})});
    CHECK(f.desk->directory.with_news(f.domain, users) == std::vector<bool>{true});
}

TEST_CASE("a key that is removed, or has not come in a week, is awaited no more") {
    RecorderFixture f;
    const auto awaited = [&] { return f.ledger->awaited.of(f.domain, "ldaps://branch").size(); };
    f.desk->directory.users.arrivals.observe(f.domain, {"ldaps://branch"});
    f.sweep({});
    f.now += 1min;
    f.window({f.user(1, {f.key(1, start)}), f.user(2, {f.key(2, start)})});
    CHECK(awaited() == 2);
    f.now += 1min;
    f.window({f.user(1, {})});
    CHECK(awaited() == 1);
    f.now += 6 * 24h;
    f.desk->housekeeping.tidy(f.now);
    CHECK(awaited() == 1);
    f.now += 24h;
    f.desk->housekeeping.tidy(f.now);
    CHECK(awaited() == 0);
}

TEST_CASE("a new key is awaited on every observed server, measured there once, and kept across restarts") {
    RecorderFixture f;
    f.desk->directory.users.arrivals.observe(f.domain, {"ldaps://branch"});
    f.sweep({f.user(9, {f.key(9, start - 40 * 24h)})});
    CHECK(f.ledger->awaited.of(f.domain, "ldaps://branch").empty());
    f.now += 1min;
    f.window({f.user(1, {f.key(1, start)})});
    f.restart();
    f.desk->directory.users.arrivals.observe(f.domain, {"ldaps://branch"});
    REQUIRE(f.ledger->awaited.of(f.domain, "ldaps://branch").size() == 1);
    const ldap::KeyArrival arrival{
        {guid(1), f.key(1, start).key_id}, f.now + 100s, std::chrono::floor<std::chrono::seconds>(f.now + 90s)};
    f.desk->directory.users.arrivals.record(f.domain, "ldaps://branch", std::vector{arrival});
    f.desk->directory.users.arrivals.record(f.domain, "ldaps://branch", std::vector{arrival});
    const metrics::Histogram delay = f.figures().replication_delay.at("ldaps://branch");
    CHECK(delay.count() == 1);
    CHECK(delay.sum_ticks == Ticks{90s}.count());
}

TEST_CASE("bursts of writes make the observed cycle") {
    RecorderFixture f;
    f.sweep({});
    for (std::uint8_t i = 1; i <= 5; ++i) {
        f.now += 30min;
        f.window({f.user(i, {f.key(i, f.now - 5min)})});
    }
    CHECK(f.figures().observed_cycle_seconds == 1800);
    CHECK(f.figures().last_cycle == std::chrono::duration<double>(f.now.time_since_epoch()).count());
    CHECK(f.figures().next_cycle == std::chrono::duration<double>((f.now + 30min).time_since_epoch()).count());
}

}  // namespace
}  // namespace keysyncd::daemon::test
