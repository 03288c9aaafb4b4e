#include "ldap/change_window.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace keysyncd::ldap;

namespace {

Guid guid(int seed) {
    Guid result;
    result.bytes[0] = static_cast<std::byte>(seed);
    return result;
}

DirectoryCursor cursor(std::string server, int invocation, std::uint64_t usn) {
    return {.server = std::move(server), .invocation_id = guid(invocation), .usn = usn, .dirsync_cookie = {}};
}

DatabaseState dc1_at(std::uint64_t usn, int invocation = 1) {
    return {.server = "ldaps://dc1", .invocation_id = guid(invocation), .highest_committed_usn = usn};
}

}  // namespace

TEST_CASE("without any cursor the first pass is a full sweep") {
    const auto plan = plan_pass({}, dc1_at(500), false);
    CHECK(plan.kind == PassKind::full_sweep);
    CHECK(plan.reason == "first pass");
}

TEST_CASE("nothing was committed since the cursor: quiet") {
    const std::vector cursors{cursor("ldaps://dc1", 1, 500)};
    CHECK(plan_pass(cursors, dc1_at(500), false).kind == PassKind::quiet);
}

TEST_CASE("a window begins with the change after the cursor") {
    const std::vector cursors{cursor("ldaps://dc2", 2, 9000), cursor("ldaps://dc1", 1, 500)};
    const auto plan = plan_pass(cursors, dc1_at(777), false);
    CHECK(plan.kind == PassKind::window);
    CHECK(plan.first_usn == 501);
    CHECK(plan.reason.empty());
}

TEST_CASE("an interval that is over asks for a full sweep even when nothing changed") {
    const std::vector cursors{cursor("ldaps://dc1", 1, 500)};
    const auto plan = plan_pass(cursors, dc1_at(500), true);
    CHECK(plan.kind == PassKind::full_sweep);
    CHECK(plan.reason == "interval");
}

TEST_CASE("another domain controller's cursor says nothing about this one") {
    const std::vector cursors{cursor("ldaps://dc2", 2, 9000)};
    const auto plan = plan_pass(cursors, dc1_at(500), false);
    CHECK(plan.kind == PassKind::full_sweep);
    CHECK(plan.reason == "another domain controller");
}

TEST_CASE("coming back to a domain controller that was read before is a window, whatever its address is now") {
    const std::vector cursors{cursor("ldaps://dc1.old.name", 1, 500), cursor("ldaps://dc2", 2, 9000)};
    CHECK(plan_pass(cursors, dc1_at(501), false).kind == PassKind::window);
}

TEST_CASE("a changed invocationId is a restored database") {
    const std::vector cursors{cursor("ldaps://dc1", 1, 500)};
    const auto plan = plan_pass(cursors, dc1_at(800, 7), false);
    CHECK(plan.kind == PassKind::full_sweep);
    CHECK(plan.reason.find("invocationId") != std::string::npos);
}

TEST_CASE("a highestCommittedUSN below the cursor is a database that was set back") {
    const std::vector cursors{cursor("ldaps://dc1", 1, 500)};
    const auto plan = plan_pass(cursors, dc1_at(499), false);
    CHECK(plan.kind == PassKind::full_sweep);
    CHECK(plan.reason.find("499 below 500") != std::string::npos);
}

TEST_CASE("how far a database was read is its own cursor's word, unless it was set back") {
    const std::vector cursors{cursor("ldaps://dc2", 2, 9000), cursor("ldaps://dc1", 1, 500)};
    CHECK(read_up_to(cursors, dc1_at(777)) == 500);
    CHECK(read_up_to(cursors, dc1_at(500)) == 500);
    CHECK(read_up_to(cursors, dc1_at(499)) == 0);
    CHECK(read_up_to(cursors, dc1_at(777, 3)) == 0);
    CHECK(read_up_to({}, dc1_at(777)) == 0);
}
