#include "daemon/record/account_recorder.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/daemon/recorder_fixture.hpp"

namespace keysyncd::daemon::test {
namespace {

using namespace std::chrono_literals;
using metrics::State;

/// Registrations that exported logs tell: nobody asks Graph who their users are.
struct Files : RecorderFixture {
    Files() { sweep({}); }

    entra::RegistrationEvent told(const std::string& event_id, int number, Instant at) {
        entra::RegistrationEvent event = added(event_id, 0, at);
        event.user_id = "entra-" + std::to_string(number);
        event.user_principal_name = "user" + std::to_string(number) + "@corp.example.com";
        return event;
    }
    void record(const std::vector<entra::RegistrationEvent>& events) { desk->registrations.record_events(events, now); }
    std::vector<AccountRecorder::UnresolvedAccount> due(DomainId in) {
        return desk->accounts.unresolved_accounts(in, now);
    }
    void absent(const AccountRecorder::UnresolvedAccount& asked, DomainId in) {
        desk->accounts.record_directory_account(asked, in, std::nullopt, now);
    }
    std::size_t unresolved() { return ledger->registrations.in_state(RegistrationState::unresolved).size(); }
};

TEST_CASE_FIXTURE(Files, "files alone: the directory tells who a registration's user is, asked once for all of them") {
    record({told("e1", 1, now), told("e2", 1, now + 20min)});
    const auto accounts = due(domain);
    REQUIRE(accounts.size() == 1);
    CHECK(accounts.front().user_principal_name == "user1@corp.example.com");
    desk->accounts.record_directory_account(accounts.front(), domain, user(1, {}), now);
    CHECK(keys_in(State::pending) == 2);
    CHECK(due(domain).empty());
}

TEST_CASE_FIXTURE(Files, "files alone: a user that no domain has is looked for once a cycle, for the look-back") {
    const DomainId second = ledger->add_domain("second.example.com", now);
    record({told("e1", 1, now)});
    for (const DomainId in : {domain, second}) {
        REQUIRE(due(in).size() == 1);
        absent(due(in).front(), in);
        CHECK(due(in).empty());
    }
    now += 30min;
    CHECK(due(domain).size() == 1);
    now += 24h;
    CHECK(due(domain).empty());
    CHECK(due(second).empty());
    CHECK(unresolved() == 0);
    record({told("e1", 1, start)});  // repeated
    CHECK(unresolved() == 0);
}

TEST_CASE_FIXTURE(
    Files, "files alone: a new registration of a user that was not there is looked up at once, by its own name") {
    record({told("e1", 1, now)});
    absent(due(domain).front(), domain);
    record({told("e2", 1, now + 1min)});
    entra::RegistrationEvent renamed = told("e3", 1, now + 2min);
    renamed.user_principal_name = "renamed@corp.example.com";
    record({renamed});
    const auto accounts = due(domain);
    REQUIRE(accounts.size() == 2);
    CHECK(accounts.front().registrations.size() == 1);
    desk->accounts.record_directory_account(accounts.front(), domain, user(1, {}), now);
    CHECK(keys_in(State::pending) == 3);
}

TEST_CASE_FIXTURE(Files, "files alone: nobody is given up while a domain has not been asked") {
    const DomainId second = ledger->add_domain("second.example.com", now);
    record({told("e1", 1, now)});
    now += 25h;
    absent(due(domain).front(), domain);
    REQUIRE(due(second).size() == 1);
    absent(due(second).front(), second);
    CHECK(due(second).empty());
    CHECK(unresolved() == 0);
}

TEST_CASE_FIXTURE(Files, "files alone: an event that names nobody by a name that a directory knows ends too") {
    entra::RegistrationEvent event = told("e1", 1, now);
    event.user_principal_name.clear();
    record({event});
    CHECK(due(domain).empty());
    CHECK(unresolved() == 1);
    now += 25h;
    CHECK(due(domain).empty());
    CHECK(unresolved() == 0);
}

TEST_CASE_FIXTURE(Files, "files alone: no more look-ups than a pass can bear, newcomers first") {
    std::vector<entra::RegistrationEvent> events;
    for (int i = 0; i < 210; ++i) {
        events.push_back(told("e" + std::to_string(i), i, now));
    }
    record(events);
    REQUIRE(due(domain).size() == 200);
    for (const auto& account : due(domain)) {
        absent(account, domain);
    }
    CHECK(due(domain).size() == 10);
    now += 31min;
    record({told("new", 99, now)});
    const auto next = due(domain);
    REQUIRE(next.size() == 200);
    CHECK(std::ranges::count(next, "entra-99", &AccountRecorder::UnresolvedAccount::entra_name) == 1);
    CHECK(next.at(9).entra_name != "entra-0");
}

TEST_CASE_FIXTURE(Files,
                  "files alone: what is older than the look-back at the first start is history, by today's look-back") {
    CHECK(desk->tenant.audit_files_from(now, false) == start - 24h);
    now += 48h;
    settings.entra->lookback = 72h;
    restart();
    CHECK(desk->tenant.audit_files_from(now, true) == start - 72h);
}

TEST_CASE_FIXTURE(Files, "files alone: a ledger that has read files before leaves nothing out") {
    CHECK(desk->tenant.audit_files_from(now, true) < Instant{});
}

}  // namespace
}  // namespace keysyncd::daemon::test
