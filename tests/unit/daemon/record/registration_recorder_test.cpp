#include "daemon/record/registration_recorder.hpp"

#include <doctest/doctest.h>

#include "tests/unit/daemon/recorder_fixture.hpp"

namespace keysyncd::daemon::test {
namespace {

using namespace std::chrono_literals;
using metrics::State;

TEST_CASE("event first: pending, then the key arrives and both are one") {
    RecorderFixture f;
    f.sweep({});
    f.audit({f.added("e1", 1, start)});
    CHECK(f.keys_in(State::pending) == 1);
    CHECK(f.ngc().registrations == 1);
    f.now += 20min;
    f.window({f.user(1, {f.key(1, start + 1s)})});
    CHECK(f.keys_in(State::pending) == 0);
    CHECK(f.keys_in(State::synced) == 1);
    CHECK(f.ngc().registrations == 1);
    CHECK(f.ngc().delay.sum_ticks == Ticks{20min - 1s}.count());
}

TEST_CASE("key first: counted at once, its late event adds nothing") {
    RecorderFixture f;
    f.sweep({});
    f.now += 20min;
    f.window({f.user(1, {f.key(1, start)})});
    CHECK(f.ngc().registrations == 1);
    f.now += 1h;
    f.audit({f.added("e1", 1, start + 2s)});
    CHECK(f.ngc().registrations == 1);
    CHECK(f.keys_in(State::pending) == 0);
}

TEST_CASE("repeated events count once, across restarts too") {
    RecorderFixture f;
    f.sweep({});
    f.audit({f.added("e1", 1, start), f.added("e1", 1, start)});
    f.restart();
    f.audit({f.added("e1", 1, start)});
    CHECK(f.ngc().registrations == 1);
    CHECK(f.keys_in(State::pending) == 1);
}

/// As entra/registration_survey.hpp names it.
entra::RegistrationEvent reported(RecorderFixture& f, std::uint8_t user, const std::string& method, Instant at) {
    entra::RegistrationEvent event = f.added("report:entra-" + std::to_string(user) + ":" + method, user, at);
    event.method_id = method;
    return event;
}

TEST_CASE("the audit log and the registration report tell of one registration: it counts once, in either order") {
    for (const bool report_first : {true, false}) {
        CAPTURE(report_first);
        RecorderFixture f;
        f.sweep({});
        const auto by_report = reported(f, 1, "m", start);
        const auto by_log = f.added("e1", 1, start + 40s);
        for (int repeat = 0; repeat < 2; ++repeat) {
            f.audit({report_first ? by_report : by_log});
            f.audit({report_first ? by_log : by_report});
        }
        CHECK(f.ngc().registrations == 1);
        REQUIRE(f.figures().waiting.size() == 1);
        CHECK(f.figures().waiting.front().registered_at == start.time_since_epoch().count());
        // Another key, minutes later, is another, whoever tells it first.
        f.audit({f.added("e2", 1, start + 3min)});
        CHECK(f.ngc().registrations == 2);
        f.audit({reported(f, 1, "m2", start + 3min)});
        CHECK(f.ngc().registrations == 2);
        f.now += 20min;
        f.window({f.user(1, {f.key(1, start), f.key(2, start + 3min)})});
        CHECK(f.keys_in(State::pending) == 0);
        CHECK(f.keys_in(State::synced) == 2);
        CHECK(f.ngc().registrations == 2);
    }
}

TEST_CASE("a method that is gone by the report takes no other registration with it, though the log told its end too") {
    RecorderFixture f;
    f.sweep({});
    f.audit({f.added("e1", 1, start), reported(f, 1, "old", start)});
    f.audit({f.deleted("e2", 1, start + 10min)});
    CHECK(f.keys_in(State::withdrawn) == 1);
    f.now += 1h;
    f.audit({reported(f, 1, "new", start + 11min), f.deleted("report-deleted:entra-1:old", 1, f.now)});
    CHECK(f.keys_in(State::withdrawn) == 1);
    CHECK(f.keys_in(State::pending) == 1);
}

TEST_CASE("told by both sources before its user was known, and after its key arrived: once") {
    RecorderFixture f;
    f.sweep({});
    entra::RegistrationEvent by_name = f.added("e1", 1, start + 40s);
    by_name.user_id.clear();
    by_name.user_principal_name = "user1@corp.example.com";
    f.audit({by_name, reported(f, 1, "m", start)});
    CHECK(f.ngc().registrations == 1);
    CHECK(f.keys_in(State::pending) == 1);
    f.audit({f.added("e2", 2, start)});
    f.now += 20min;
    f.window({f.user(2, {f.key(2, start)})});
    f.audit({reported(f, 2, "m", start)});
    CHECK(f.keys_in(State::pending) == 1);
    CHECK(f.ngc().registrations == 2);
}

TEST_CASE("two keys of one user minutes apart find their own registrations") {
    RecorderFixture f;
    f.sweep({});
    f.audit({f.added("e1", 1, start), f.added("e2", 1, start + 3min)});
    f.now += 10min;
    f.window({f.user(1, {f.key(2, start + 3min)})});
    REQUIRE(f.figures().waiting.size() == 1);
    CHECK(f.figures().waiting.front().registered_at == start.time_since_epoch().count());
}

TEST_CASE("a FIDO registration does not wait for an NGC key") {
    RecorderFixture f;
    f.sweep({});
    f.audit({f.added("e1", 1, start, entra::KeyKind::fido)});
    f.window({f.user(1, {f.key(1, start)})});
    CHECK(f.keys_in(State::pending, metrics::Usage::fido) == 1);
    CHECK_FALSE(f.figures().waiting.front().alerts);
    f.window({f.user(2, {f.key(2, start, ldap::KeySource::azure_ad, ldap::KeyUsage::fido)})});
    CHECK(f.figures().waiting.front().alerts);
}

TEST_CASE("a deletion before the arrival withdraws; arriving all the same makes it synced") {
    RecorderFixture f;
    f.sweep({});
    f.audit({f.added("e1", 1, start), f.deleted("e2", 1, start + 5min)});
    CHECK(f.keys_in(State::withdrawn) == 1);
    CHECK(f.keys_in(State::pending) == 0);
    f.now += 20min;
    f.window({f.user(1, {f.key(1, start)})});
    CHECK(f.keys_in(State::withdrawn) == 0);
    CHECK(f.keys_in(State::synced) == 1);
    CHECK(f.ngc().registrations == 1);
}

TEST_CASE("a deletion that was taken for the wrong waiting key is put right when that key arrives") {
    RecorderFixture f;
    f.sweep({});
    f.now += 3h;
    f.audit({f.added("e1", 1, start), f.added("e2", 1, start + 1h), f.deleted("e3", 1, start + 2h)});
    REQUIRE(f.figures().waiting.size() == 1);
    f.window({f.user(1, {f.key(1, start)})});
    CHECK(f.keys_in(State::pending) == 0);
    CHECK(f.keys_in(State::withdrawn) == 1);
    CHECK(f.keys_in(State::synced) == 1);
}

TEST_CASE("a deletion that comes before its registration in the log waits for it") {
    RecorderFixture f;
    f.sweep({});
    f.audit({f.deleted("e2", 1, start + 5min)});
    f.audit({f.added("e1", 1, start)});
    CHECK(f.keys_in(State::withdrawn) == 1);
    CHECK(f.ngc().registrations == 1);
}

TEST_CASE("a deletion of a written key is explained by its removal, another key goes on waiting") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 20min)})});
    f.audit({f.added("e2", 1, start), f.deleted("e3", 1, start + 1min)});
    CHECK(f.keys_in(State::pending) == 1);
    f.now += 10min;
    f.window({f.user(1, {})});
    f.now += 3h;
    f.audit({});
    CHECK(f.keys_in(State::pending) == 1);
    CHECK(f.keys_in(State::withdrawn) == 0);
}

TEST_CASE("an ambiguous deletion that no removal explains meant the waiting key") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 20min)})});
    f.audit({f.added("e2", 1, start), f.deleted("e3", 1, start + 1min)});
    f.now += 66min;
    f.audit({});
    CHECK(f.keys_in(State::withdrawn) == 1);
}

TEST_CASE("cloud-only users and other domains never count") {
    RecorderFixture f;
    f.sweep({});
    f.desk->registrations.record_events(
        std::vector{f.added("e1", 1, start), f.added("e2", 2, start), f.added("e3", 3, start)}, f.now);
    entra::EntraUser cloud = f.entra_user(1);
    cloud.on_premises_sync_enabled.reset();
    entra::EntraUser other = f.entra_user(2);
    other.on_premises_security_identifier = "S-1-5-21-9-9-9-1002";
    f.desk->registrations.record_user("entra-1", cloud, f.now);
    f.desk->registrations.record_user("entra-2", other, f.now);
    f.desk->registrations.record_user("entra-3", std::nullopt, f.now);
    CHECK(f.ngc().registrations == 0);
    CHECK(f.keys_in(State::pending) == 0);
    CHECK(f.desk->registrations.users_to_read(f.now).empty());
}

TEST_CASE("an event that names only a user principal name") {
    RecorderFixture f;
    f.sweep({});
    entra::RegistrationEvent event = f.added("e1", 1, start);
    event.user_id.clear();
    event.user_principal_name = "user1@corp.example.com";
    f.desk->registrations.record_events(std::vector{event}, f.now);
    CHECK(f.desk->registrations.users_to_read(f.now) == std::vector<std::string>{"user1@corp.example.com"});
    f.desk->registrations.record_user("user1@corp.example.com", f.entra_user(1), f.now);
    CHECK(f.keys_in(State::pending) == 1);
}

TEST_CASE("the immutable id joins where there is no SID") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start)})});
    entra::EntraUser user = f.entra_user(1);
    user.on_premises_security_identifier.clear();
    user.on_premises_immutable_id = "AQEBAQEBAQEBAQEBAQEBAQ==";
    f.desk->registrations.record_events(std::vector{f.added("e1", 1, start)}, f.now);
    f.desk->registrations.record_user("entra-1", user, f.now);
    CHECK(f.keys_in(State::pending) == 0);
    CHECK(f.ngc().registrations == 1);
}

TEST_CASE("a waiting key whose user is gone from Entra is withdrawn") {
    RecorderFixture f;
    f.sweep({});
    f.audit({f.added("e1", 1, start)});
    f.desk->registrations.record_user("entra-1", std::nullopt, f.now);
    CHECK(f.keys_in(State::withdrawn) == 1);
}

TEST_CASE("stuck accounts are asked about once a cycle, and what the directory says is the cause") {
    RecorderFixture f;
    f.sweep({});
    f.audit({f.added("e1", 1, start)});
    CHECK(f.desk->accounts.stuck_accounts(f.domain, f.now).empty());
    f.now += 66min;
    const auto stuck = f.desk->accounts.stuck_accounts(f.domain, f.now);
    REQUIRE(stuck.size() == 1);
    CHECK(stuck.front().query.sid.to_string() == "S-1-5-21-1-2-3-1001");
    ldap::DirectoryUser account = f.user(1, {});
    account.protected_account = true;
    f.desk->accounts.record_account(stuck.front().registration, account, f.now);
    CHECK(f.figures().waiting.front().cause == metrics::Cause::protected_account);
    CHECK(f.desk->accounts.stuck_accounts(f.domain, f.now + 29min).empty());
    CHECK(f.desk->accounts.stuck_accounts(f.domain, f.now + 31min).size() == 1);
    f.desk->accounts.record_account(stuck.front().registration, std::nullopt, f.now);
    CHECK(f.figures().waiting.front().cause == metrics::Cause::not_in_directory);
}

TEST_CASE("an account of which nothing is known to look for is not looked for, and never told as absent") {
    RecorderFixture f;
    f.sweep({});
    f.desk->registrations.record_events(std::vector{f.added("e1", 1, start)}, f.now);
    entra::EntraUser user = f.entra_user(1);
    user.on_premises_security_identifier.clear();  // and no immutableId that is a GUID: a sourceAnchor of its own
    f.desk->registrations.record_user("entra-1", user, f.now);
    f.now += 66min;
    REQUIRE(f.figures().waiting.size() == 1);
    CHECK(f.desk->accounts.stuck_accounts(f.domain, f.now).empty());
    CHECK(f.figures().waiting.front().cause != metrics::Cause::not_in_directory);
}

TEST_CASE("the audit log is read from the look-back at first, then from where it ended less the overlap") {
    RecorderFixture f;
    CHECK(f.desk->tenant.audit_window(f.now).since == start - 24h);
    f.desk->tenant.record_audit_read(start);
    f.restart();
    CHECK(f.desk->tenant.audit_window(f.now + 5min).since == start - 2h);
}

TEST_CASE("what ended before the retention is forgotten, and no longer counted by state") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 10min)})});
    f.audit({f.added("e2", 2, start), f.deleted("e3", 2, start + 1s)});
    f.now += 1min;
    f.window({f.user(1, {})});
    CHECK(f.keys_in(State::removed) == 1);
    CHECK(f.keys_in(State::withdrawn) == 1);
    f.desk->housekeeping.tidy(f.now + 89 * 24h);
    CHECK(f.keys_in(State::removed) == 1);
    f.desk->housekeeping.tidy(f.now + 91 * 24h);
    CHECK(f.keys_in(State::removed) == 0);
    CHECK(f.keys_in(State::withdrawn) == 0);
    CHECK(f.ngc().removals == 1);
}

}  // namespace
}  // namespace keysyncd::daemon::test
