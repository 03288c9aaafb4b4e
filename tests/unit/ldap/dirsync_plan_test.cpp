#include "ldap/dirsync_plan.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace keysyncd::ldap;

namespace {

Guid guid(int seed) {
    Guid result;
    result.bytes[0] = static_cast<std::byte>(seed);
    return result;
}

DirectoryCursor cursor(int invocation, std::uint64_t usn, std::string cookie) {
    return {.server = "ldaps://dc", .invocation_id = guid(invocation), .usn = usn, .dirsync_cookie = std::move(cookie)};
}

DatabaseState dc1_at(std::uint64_t usn) {
    return {.server = "ldaps://dc1", .invocation_id = guid(1), .highest_committed_usn = usn};
}

}  // namespace

TEST_CASE("DirSync begins with a full sync") {
    CHECK(plan_dirsync({}, dc1_at(5), false).reason == "first pass");
    CHECK(plan_dirsync({}, dc1_at(5), true).reason == "first pass");
    const std::vector by_usn{cursor(1, 5, "")};
    const auto plan = plan_dirsync(by_usn, dc1_at(5), false);
    CHECK(plan.kind == PassKind::full_sweep);
    CHECK(plan.reason == "change tracking by DirSync begins");
}

TEST_CASE("a cookie goes on where it ended, and is not even sent while nothing was committed") {
    const std::vector cursors{cursor(1, 5, "cookie")};
    CHECK(plan_dirsync(cursors, dc1_at(5), false).kind == PassKind::quiet);
    CHECK(plan_dirsync(cursors, dc1_at(5), false).cookie == "cookie");
    CHECK(plan_dirsync(cursors, dc1_at(6), false).kind == PassKind::window);
    CHECK(plan_dirsync(cursors, dc1_at(6), false).cookie == "cookie");
}

TEST_CASE("another domain controller takes the cookie: no full sync, and never a quiet pass") {
    const std::vector cursors{cursor(2, 5, "older"), cursor(3, 9, "newer")};
    const auto plan = plan_dirsync(cursors, dc1_at(5), false);
    CHECK(plan.kind == PassKind::window);
    CHECK(plan.cookie == "newer");
}

TEST_CASE("a restored database is swept: its old cookie tells of changes that it has lost") {
    std::vector cursors{cursor(3, 9, "of another"), cursor(2, 9, "of before")};
    cursors.back().server = "ldaps://dc1";
    const auto plan = plan_dirsync(cursors, dc1_at(5), false);
    CHECK(plan.kind == PassKind::full_sweep);
    CHECK(plan.reason.find("invocationId") != std::string::npos);
    CHECK(plan.cookie.empty());
}

TEST_CASE("an interval that is over and a database that was set back mean a full sync") {
    const std::vector cursors{cursor(1, 5, "cookie")};
    CHECK(plan_dirsync(cursors, dc1_at(5), true).reason == "interval");
    CHECK(plan_dirsync(cursors, dc1_at(4), false).kind == PassKind::full_sweep);
    CHECK(plan_dirsync(cursors, dc1_at(4), false).cookie.empty());
}

TEST_CASE("auto takes DirSync only where it shows everything") {
    CHECK(choose_tracking({.offered = true, .replication_right = true}, true).dirsync);
    CHECK_FALSE(choose_tracking({.offered = true, .replication_right = false}, true).dirsync);
    CHECK_FALSE(choose_tracking({.offered = true, .replication_right = true}, false).dirsync);
    CHECK_FALSE(choose_tracking({}, true).dirsync);
    CHECK(choose_tracking({.offered = true}, true).reason.find("deleted users") != std::string::npos);
}
