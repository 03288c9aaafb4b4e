#include "ldap/catch_up.hpp"

#include <doctest/doctest.h>

using namespace keysyncd::ldap;
using namespace std::chrono_literals;

namespace {

Guid dc(int number) {
    Guid guid;
    guid.bytes[0] = static_cast<std::byte>(number);
    return guid;
}

std::string url(int number) {
    return "ldaps://dc" + std::to_string(number);
}

// Read up to 900, of which the newest change to a user was 700.
DirectoryCursor cursor(int number, std::uint64_t newest_usn = 700) {
    return {
        .server = url(number), .invocation_id = dc(number), .usn = 900, .dirsync_cookie = {}, .newest_usn = newest_usn};
}

DatabaseState present(int number, std::uint64_t highest = 5000) {
    return {.server = url(number), .invocation_id = dc(number), .highest_committed_usn = highest};
}

PassStart pass(PassKind kind, bool may_lag = false) {
    PassStart start;
    start.kind = kind;
    start.may_lag = may_lag;
    return start;
}

const CatchUp::Time began{1h};
const std::vector both{cursor(1), cursor(2, 50)};

}  // namespace

TEST_CASE("a first pass waits for nobody") {
    CHECK(CatchUp{}.judge(ReplicationState{{dc(2), 3}}, present(1), {}, began).caught_up);
    const auto hidden = CatchUp{}.judge(std::nullopt, present(1), {}, began);
    CHECK(hidden.caught_up);
    CHECK_FALSE(hidden.untold);
}

TEST_CASE("another domain controller is read once it has received the newest change to a user, and no later") {
    const std::vector cursors{cursor(1)};
    CatchUp catch_up;  // as after a restart: only the cursors tell what was read
    CHECK_FALSE(catch_up.judge(ReplicationState{{dc(1), 699}}, present(2), cursors, began).caught_up);
    // 701 to 900 were changes of other kinds, or none that ever left it: a dead one cannot send them any more.
    CHECK(catch_up.judge(ReplicationState{{dc(1), 700}}, present(2), cursors, began + 1min).caught_up);
    CHECK(catch_up.given_up(cursors).empty());
}

TEST_CASE("what was read in this process counts as well, also by a pass that failed") {
    CatchUp catch_up;
    const std::vector cursors{cursor(1)};
    CHECK(catch_up.judge(ReplicationState{{dc(2), 3}}, present(1), cursors, began).caught_up);
    catch_up.read_up_to(dc(1), 950);
    CHECK(catch_up.newest_usn(dc(1)) == 950);
    catch_up.reconnected();
    CHECK_FALSE(catch_up.judge(ReplicationState{{dc(1), 949}}, present(2), cursors, began).caught_up);
    CHECK(catch_up.judge(ReplicationState{{dc(1), 950}}, present(2), cursors, began).caught_up);
}

TEST_CASE("a database that was set back has only the past that it still has") {
    CatchUp catch_up;
    const std::vector cursors{cursor(1)};
    CHECK(catch_up.judge(ReplicationState{}, present(1, 600), cursors, began).caught_up);
    CHECK(catch_up.newest_usn(dc(1)) == 600);
}

TEST_CASE("after half an hour the other one's word counts, and the lost one is waited for never again") {
    CatchUp catch_up;
    const ReplicationState lags{{dc(1), 699}};
    CHECK_FALSE(catch_up.judge(lags, present(2), both, began).caught_up);
    CHECK_FALSE(catch_up.judge(lags, present(2), both, began + 29min).caught_up);
    CHECK(catch_up.given_up(both).empty());
    const auto late = catch_up.judge(lags, present(2), both, began + 30min);
    CHECK(late.caught_up);
    CHECK_FALSE(late.may_lag);
    CHECK(catch_up.given_up(both) == std::vector{url(1)});
    // The pass failed, so that the cursor is still there: the connection after it waits no more.
    catch_up.reconnected();
    CHECK(catch_up.judge(lags, present(2), both, began + 31min).caught_up);
    // Its cursor was dropped with the next good pass: a restart does not wait either.
    const std::vector left{cursor(2, 50)};
    CHECK(CatchUp{}.judge(lags, present(2), left, began + 32min).caught_up);
}

TEST_CASE("one that was given up and is read again counts again") {
    CatchUp catch_up;
    const ReplicationState lags{{dc(1), 1}};
    CHECK_FALSE(catch_up.judge(lags, present(2), both, began).caught_up);
    CHECK(catch_up.judge(lags, present(2), both, began + 30min).caught_up);
    catch_up.reconnected();
    CHECK(catch_up.judge(ReplicationState{{dc(2), 50}}, present(1), both, began + 40min).caught_up);
    catch_up.read_up_to(dc(1), 960);
    catch_up.ended(dc(1), pass(PassKind::full_sweep));
    CHECK(catch_up.given_up(both).empty());
    catch_up.reconnected();
    CHECK_FALSE(catch_up.judge(ReplicationState{{dc(1), 950}}, present(2), both, began + 41min).caught_up);
}

TEST_CASE("an empty vector has never replicated with anybody: there is nobody to wait for") {
    const std::vector cursors{cursor(1)};
    const auto alone = CatchUp{}.judge(ReplicationState{}, present(2), cursors, began);
    CHECK(alone.caught_up);
    CHECK_FALSE(alone.untold);
}

TEST_CASE("a vector that does not show proves nothing: who comes over believes no removal for half an hour") {
    const std::vector cursors{cursor(1)};
    CatchUp catch_up;
    const auto first = catch_up.judge(std::nullopt, present(2), cursors, began);
    CHECK(first.caught_up);
    CHECK(first.untold);
    CHECK(first.may_lag);
    CHECK_FALSE(first.sweep_due);
    catch_up.ended(dc(2), pass(PassKind::full_sweep, true));
    // Its own cursor is the newest now, on a new connection too; the doubt lasts.
    catch_up.reconnected();
    CHECK(catch_up.judge(std::nullopt, present(2), both, began + 29min).may_lag);
    const auto later = catch_up.judge(std::nullopt, present(2), both, began + 30min);
    CHECK(later.untold);
    CHECK_FALSE(later.may_lag);
    CHECK(later.sweep_due);  // tells what was removed meanwhile
    catch_up.ended(dc(2), pass(PassKind::window));
    CHECK(catch_up.judge(std::nullopt, present(2), both, began + 31min).sweep_due);
    catch_up.ended(dc(2), pass(PassKind::full_sweep));
    CHECK_FALSE(catch_up.judge(std::nullopt, present(2), both, began + 32min).sweep_due);
}

TEST_CASE("staying with a domain controller is no coming over, whatever it hides") {
    const auto stays = CatchUp{}.judge(std::nullopt, present(2), both, began);
    CHECK(stays.caught_up);
    CHECK(stays.untold);
    CHECK_FALSE(stays.may_lag);
}

TEST_CASE("a restored database alone in its domain is not another domain controller") {
    const std::vector cursors{cursor(1)};
    const DatabaseState restored{.server = url(1), .invocation_id = dc(9), .highest_committed_usn = 100};
    const auto verdict = CatchUp{}.judge(std::nullopt, restored, cursors, began);
    CHECK(verdict.caught_up);
    CHECK_FALSE(verdict.untold);
    CHECK_FALSE(verdict.may_lag);
}

TEST_CASE("what hides the vector is told with its mend") {
    const auto told = hidden_vector("DC=corp,DC=example", "CORP\\svc");
    CHECK(told.find("dsacls \"DC=corp,DC=example\" /G \"CORP\\svc:RP;replUpToDateVector\"") != std::string::npos);
}
