#include "daemon/record/directory_recorder.hpp"

#include <doctest/doctest.h>

#include "tests/unit/daemon/recorder_fixture.hpp"

namespace keysyncd::daemon::test {
namespace {

using namespace std::chrono_literals;
using metrics::State;

TEST_CASE("the first pass is the baseline: young keys are measured, old ones only counted by state") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, start - 40 * 24h)}), f.user(2, {f.key(2, start - 20min)})});
    CHECK(f.keys_in(State::synced) == 2);
    CHECK(f.ngc().writes == 1);
    CHECK(f.ngc().registrations == 1);
    CHECK(f.ngc().delay.count() == 1);
    CHECK(f.ngc().delay.sum_ticks == Ticks{20min}.count());
    CHECK(f.figures().measurements[1] == 1);
}

TEST_CASE("a user that comes twice in a first pass is one user") {
    RecorderFixture f;
    const auto ada = f.user(1, {f.key(1, f.now - 1h)});
    f.sweep({ada, f.user(2, {f.key(2, f.now - 1h)}), ada});
    CHECK(f.keys_in(metrics::State::synced) == 2);
    CHECK(f.ngc().writes == 2);
    f.now += 1h;
    f.sweep({ada});
    CHECK(f.keys_in(metrics::State::removed) == 1);
}

TEST_CASE("a first pass that fails in the middle is no failure of the ledger, and what it saw is counted once") {
    RecorderFixture f;
    const std::vector<ldap::DirectoryUser> users{f.user(1, {f.key(1, f.now - 1h)})};
    f.desk->directory.begin_pass(f.domain, {ldap::PassKind::full_sweep, "ldaps://dc1", "", f.now});
    f.desk->directory.record(f.domain, users, f.now);
    CHECK_NOTHROW(f.desk->directory.abandon_pass(f.domain));
    CHECK(f.ngc().writes == 1);
    f.restart();
    f.sweep(users);
    CHECK(f.ngc().writes == 1);
    CHECK(f.keys_in(metrics::State::synced) == 1);
}

TEST_CASE("a first pass that was cut off by a crash is read again, and counted once") {
    RecorderFixture f;
    const std::vector<ldap::DirectoryUser> users{f.user(1, {f.key(1, f.now - 1h)}), f.user(2, {f.key(2, f.now - 1h)})};
    f.desk->directory.begin_pass(f.domain, {ldap::PassKind::full_sweep, "ldaps://dc1", "", f.now});
    f.desk->directory.record(f.domain, std::span{users}.first(1), f.now);
    f.ledger->commit();
    f.restart();
    CHECK(f.ngc().writes == 1);
    f.sweep(users);
    CHECK(f.ngc().writes == 2);
    CHECK(f.keys_in(metrics::State::synced) == 2);
    f.now += 1h;
    f.window({f.user(1, {f.key(1, f.now - 2h)}), f.user(3, {f.key(3, f.now - 1h)})});
    CHECK(f.ngc().writes == 3);
}

TEST_CASE("a sweep of another scope ends well while another domain's pass is open") {
    RecorderFixture f;
    f.sweep({f.user(1, {f.key(1, f.now - 1h)})});
    const DomainId other = f.ledger->add_domain("other.example.com", f.now - 24h);
    f.ledger->domain(f.domain).first_pass_done = false;
    f.ledger->domain(other).first_pass_done = true;
    f.desk->directory.begin_pass(f.domain, {ldap::PassKind::full_sweep, "ldaps://dc1", "", f.now});
    f.desk->directory.begin_pass(other, {ldap::PassKind::window, "ldaps://dc2", "", f.now});
    ldap::PassEnd end;
    end.start = {ldap::PassKind::full_sweep, "ldaps://dc1", "", f.now};
    end.cursor = {"ldaps://dc1", guid(255), 1, {}};
    f.desk->directory.record(f.domain, std::vector{f.user(1, {f.key(1, f.now - 1h)})}, f.now);
    f.desk->directory.finish_pass(f.domain, end, f.now);
    f.desk->directory.record(other, std::vector{f.user(2, {f.key(2, f.now - 1h)})}, f.now);
    CHECK_NOTHROW(f.desk->directory.after_first_sweeps());
    CHECK(f.keys_in(metrics::State::synced) == 1);
}

}  // namespace
}  // namespace keysyncd::daemon::test
