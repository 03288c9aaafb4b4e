#include "daemon/record/method_recorder.hpp"

#include <doctest/doctest.h>

#include "entra/base64.hpp"
#include "tests/unit/daemon/recorder_fixture.hpp"

namespace keysyncd::daemon::test {
namespace {

using namespace std::chrono_literals;
using entra::KeyKind;
using metrics::State;

const MethodQuestion about_user_1{"entra-1", KeyKind::ngc};

entra::AuthenticationMethod method(std::uint8_t key, Instant created_at) {
    return {KeyKind::ngc, entra::encode_url_token(std::vector<std::byte>(32, std::byte{key})), created_at, "normal"};
}

entra::UserMethods list(std::vector<entra::AuthenticationMethod> methods) {
    return {entra::MethodsKnowledge::known, std::move(methods)};
}

std::vector<MethodQuestion> questions(RecorderFixture& f) {
    return f.desk->methods.questions(f.now, 100);
}

std::uint64_t suspicious(RecorderFixture& f) {
    return f.figures().suspicious_keys.at("unmatched");
}

/// A domain that was swept, and whose user 9 showed that keys are found in Entra by their ids.
void prove(RecorderFixture& f) {
    f.sweep({});
    f.audit({f.added("proof", 9, f.now)});
    f.window({f.user(9, {f.key(9, f.now)})});
    f.desk->methods.record({"entra-9", KeyKind::ngc}, list({method(9, f.now)}), f.now);
    REQUIRE(questions(f).empty());
}

TEST_CASE("one question a registration: shown by Entra, it is not asked about again when its key arrives") {
    RecorderFixture f;
    f.sweep({});
    f.audit({f.added("e1", 1, start + 40s)});
    CHECK(questions(f) == std::vector{about_user_1});
    f.desk->methods.record(about_user_1, list({method(1, start)}), f.now);
    CHECK(questions(f).empty());
    // The audit event comes after the fact: the method's own time is nearer to the truth.
    CHECK(f.figures().waiting.front().registered_at == start.time_since_epoch().count());
    f.restart();
    f.now += 20min;
    f.window({f.user(1, {f.key(1, start)})});
    CHECK(questions(f).empty());
    CHECK(f.keys_in(State::synced) == 1);
    CHECK(f.keys_in(State::pending) == 0);
}

TEST_CASE("the id that Entra gave tells two registrations of one user apart, however near their times") {
    RecorderFixture f;
    f.sweep({});
    f.audit({f.added("e1", 1, start), f.added("e2", 1, start + 2s)});
    f.desk->methods.record(about_user_1, list({method(1, start), method(2, start + 2s)}), f.now);
    f.now += 20min;
    f.window({f.user(1, {f.key(2, start)})});  // nearer to the first registration's time
    REQUIRE(f.figures().waiting.size() == 1);
    CHECK(f.figures().waiting.front().registered_at == start.time_since_epoch().count());
}

TEST_CASE("an overdue registration is asked about once a cycle, and withdrawn when Entra does not know it any more") {
    RecorderFixture f;
    f.sweep({});
    f.audit({f.added("e1", 1, start)});
    f.desk->methods.record(about_user_1, list({method(1, start)}), f.now);
    f.now += 66min;
    CHECK(questions(f) == std::vector{about_user_1});
    f.desk->methods.record(about_user_1, list({method(1, start)}), f.now);
    CHECK(questions(f).empty());
    f.now += 30min;
    CHECK(questions(f) == std::vector{about_user_1});
    f.desk->methods.record(about_user_1, list({}), f.now);
    CHECK(f.keys_in(State::pending) == 0);
    CHECK(f.keys_in(State::withdrawn) == 1);
    CHECK(questions(f).empty());
}

TEST_CASE("an answer that is too early to know the registration withdraws nothing") {
    RecorderFixture f;
    f.sweep({});
    f.audit({f.added("e1", 1, start)});
    f.now += 1min;
    f.desk->methods.record(about_user_1, list({}), f.now);
    CHECK(f.keys_in(State::pending) == 1);
    CHECK(questions(f).empty());
    f.now += 4min;
    CHECK(questions(f) == std::vector{about_user_1});
    f.desk->methods.record(about_user_1, list({}), f.now);
    CHECK(f.keys_in(State::withdrawn) == 1);
}

TEST_CASE("a user that Entra does not know is no evidence") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 1h)})});
    f.audit({f.added("e1", 1, start - 2h)});
    f.desk->methods.record(about_user_1, {entra::MethodsKnowledge::user_unknown, {}}, f.now);
    CHECK(f.keys_in(State::pending) == 1);
    CHECK(f.keys_in(State::synced) == 1);
    CHECK(questions(f).empty());
    f.now += 30min;
    CHECK(questions(f) == std::vector{about_user_1});
}

TEST_CASE("an ambiguous deletion is decided at once: the waiting key was meant") {
    RecorderFixture f;
    prove(f);
    f.window({f.user(1, {f.key(1, start - 5h)})});
    f.audit({f.added("e1", 1, start)});
    f.desk->methods.record(about_user_1, list({method(1, start - 5h), method(2, start)}), f.now);
    f.now += 10min;
    f.audit({f.deleted("e2", 1, f.now)});
    REQUIRE(f.keys_in(State::pending) == 1);
    REQUIRE(questions(f) == std::vector{about_user_1});
    f.desk->methods.record(about_user_1, list({method(1, start - 5h)}), f.now);
    CHECK(f.keys_in(State::withdrawn) == 1);
    CHECK(f.ledger->deletions.open().empty());
    CHECK(f.keys_in(State::unmatched) == 0);
}

TEST_CASE("an ambiguous deletion is decided at once: the written key was meant, the other goes on waiting") {
    RecorderFixture f;
    prove(f);
    f.window({f.user(1, {f.key(1, start - 5h)})});
    f.audit({f.added("e1", 1, start)});
    f.desk->methods.record(about_user_1, list({method(1, start - 5h), method(2, start)}), f.now);
    f.now += 10min;
    f.audit({f.deleted("e2", 1, f.now)});
    f.desk->methods.record(about_user_1, list({method(2, start)}), f.now);
    CHECK(f.keys_in(State::pending) == 1);
    f.now += 6min;
    CHECK(questions(f) == std::vector{about_user_1});  // had Entra settled then?
    f.desk->methods.record(about_user_1, list({method(2, start)}), f.now);
    f.now += 2h;  // longer than an unexplained deletion waits
    f.desk->housekeeping.tidy(f.now);
    CHECK(f.keys_in(State::pending) == 1);
    f.window({f.user(1, {})});
    CHECK(f.ledger->deletions.open().empty());
    CHECK(f.keys_in(State::withdrawn) == 0);
}

TEST_CASE("a deletion event that comes after Entra told it withdraws nothing else") {
    RecorderFixture f;
    f.sweep({});
    f.audit({f.added("e1", 1, start), f.added("e2", 1, start + 1h)});
    f.now += 2h;
    f.desk->methods.record(about_user_1, list({method(2, start + 1h)}), f.now);
    REQUIRE(f.keys_in(State::withdrawn) == 1);
    f.audit({f.deleted("e3", 1, start + 90min)});
    CHECK(f.keys_in(State::withdrawn) == 1);
    CHECK(f.keys_in(State::pending) == 1);
    CHECK(f.ledger->deletions.open().empty());
}

TEST_CASE("a key that Entra does not know is unmatched and suspicious, and synced again when Entra knows it") {
    RecorderFixture f;
    prove(f);
    f.now += 1h;
    f.window({f.user(1, {f.key(1, start)})});
    CHECK(f.desk->methods.users_to_read(f.now) == std::vector<std::string>{"user1@corp.example.com"});
    CHECK(questions(f).empty());
    f.desk->registrations.record_user("user1@corp.example.com", f.entra_user(1), f.now);
    CHECK(f.desk->methods.users_to_read(f.now).empty());
    REQUIRE(questions(f) == std::vector{about_user_1});
    f.desk->methods.record(about_user_1, list({}), f.now);
    CHECK(f.keys_in(State::unmatched) == 1);
    CHECK(f.keys_in(State::synced) == 1);  // user 9's
    CHECK(suspicious(f) == 1);
    CHECK(questions(f).empty());

    f.restart();
    f.sweep({f.user(1, {f.key(1, start)}), f.user(9, {f.key(9, start)})});
    CHECK(f.keys_in(State::unmatched) == 1);
    CHECK(suspicious(f) == 1);

    // Its registration shows up after all.
    f.audit({f.added("e1", 1, start)});
    REQUIRE(questions(f) == std::vector{about_user_1});
    f.desk->methods.record(about_user_1, list({method(1, start)}), f.now);
    CHECK(f.keys_in(State::unmatched) == 0);
    CHECK(f.keys_in(State::synced) == 2);
    CHECK(suspicious(f) == 0);
    f.now += 48h;
    CHECK(questions(f).empty());
}

TEST_CASE("an unmatched key is asked about again after a day, and counts no more when it is removed") {
    RecorderFixture f;
    prove(f);
    f.now += 1h;
    f.window({f.user(1, {f.key(1, start)})});
    f.desk->registrations.record_user("user1@corp.example.com", f.entra_user(1), f.now);
    f.desk->methods.record(about_user_1, list({}), f.now);
    f.now += 23h;
    CHECK(questions(f).empty());
    f.now += 1h;
    CHECK(questions(f) == std::vector{about_user_1});
    f.window({f.user(1, {})});
    CHECK(f.keys_in(State::unmatched) == 0);
    CHECK(f.keys_in(State::removed) == 1);
    CHECK(suspicious(f) == 0);
    CHECK(questions(f).empty());
}

TEST_CASE("a directory full of old keys causes no questions, and news of a user none about its old keys") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 300 * 24h)}), f.user(2, {f.key(2, start - 300 * 24h)})});
    CHECK(f.desk->methods.users_to_read(f.now).empty());
    CHECK(questions(f).empty());
}

TEST_CASE("an old key that is missing in an answer is unmatched only when it is still missing later") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 300 * 24h)})});
    f.audit({f.added("e1", 1, start)});
    f.now += 20min;
    f.window({f.user(1, {f.key(1, start - 300 * 24h), f.key(2, start)})});
    f.desk->methods.record(about_user_1, list({method(2, start)}), f.now);
    CHECK(f.keys_in(State::unmatched) == 0);
    CHECK(questions(f).empty());
    f.now += 65min;
    REQUIRE(questions(f) == std::vector{about_user_1});
    f.desk->methods.record(about_user_1, list({method(2, start)}), f.now);
    CHECK(f.keys_in(State::unmatched) == 1);
}

TEST_CASE("a key whose deletion in Entra is known is not called unmatched while Connect may still remove it") {
    RecorderFixture f;
    prove(f);
    f.now += 1h;
    f.audit({f.added("e1", 1, start), f.deleted("e2", 1, f.now)});
    f.window({f.user(1, {f.key(1, start)})});
    f.desk->methods.record(about_user_1, list({}), f.now);
    CHECK(f.keys_in(State::unmatched) == 0);
    f.now += 65min;
    REQUIRE(questions(f) == std::vector{about_user_1});
    f.desk->methods.record(about_user_1, list({}), f.now);
    CHECK(f.keys_in(State::unmatched) == 1);
}

TEST_CASE("a finding that is switched off leaves the state") {
    RecorderFixture f;
    ldap::FindingPolicy policy;
    policy.enabled &= ~ldap::bit(ldap::KeyFinding::unmatched);
    prove(f);
    f.desk->directory.users.findings.set_policy(f.domain, policy);
    f.now += 1h;
    f.window({f.user(1, {f.key(1, start)})});
    f.desk->registrations.record_user("user1@corp.example.com", f.entra_user(1), f.now);
    f.desk->methods.record(about_user_1, list({}), f.now);
    CHECK(f.keys_in(State::unmatched) == 1);
    CHECK(suspicious(f) == 0);
}

TEST_CASE(
    "a directory user whom Entra does not know by its name is asked for once, and nothing is held against its key") {
    RecorderFixture f;
    prove(f);
    f.window({f.user(1, {f.key(1, start)})});
    REQUIRE(f.desk->methods.users_to_read(f.now).size() == 1);
    f.desk->registrations.record_user("user1@corp.example.com", std::nullopt, f.now);
    CHECK(questions(f).empty());
    f.now += 400h;
    CHECK(f.desk->methods.users_to_read(f.now).empty());
    CHECK(questions(f).empty());
    CHECK(f.keys_in(State::synced) == 2);
}

TEST_CASE("where Entra could not tell, the user is asked about again a cycle later") {
    RecorderFixture f;
    prove(f);
    f.audit({f.added("e1", 1, start - 1h)});
    f.desk->methods.postpone(about_user_1, f.now);
    CHECK(questions(f).empty());
    f.now += 30min;
    CHECK(questions(f) == std::vector{about_user_1});
}

TEST_CASE("a registration that the report told with its method needs no question") {
    RecorderFixture f;
    f.sweep({});
    entra::RegistrationEvent event = f.added("report:entra-1:x", 1, start);
    event.method_id = method(1, start).id;
    f.audit({event});
    CHECK(questions(f).empty());
    f.now += 3min;
    f.window({f.user(1, {f.key(1, start)})});
    CHECK(questions(f).empty());
}

}  // namespace
}  // namespace keysyncd::daemon::test
