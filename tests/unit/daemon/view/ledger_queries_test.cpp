// What a ledger says of one user: when a write may be expected, and what is in its way.
#include "daemon/view/ledger_queries.hpp"

#include <doctest/doctest.h>

#include <boost/json/serialize.hpp>

#include "daemon/rules/advice.hpp"
#include "daemon/view/view_json.hpp"
#include "tests/unit/daemon/recorder_fixture.hpp"

namespace keysyncd::daemon::test {
namespace {

using namespace std::chrono_literals;

UserView waiting_user(RecorderFixture& f) {
    const auto found = LedgerQueries{f.settings, f.ledger->database()}.users("user1@corp.example.com", f.now);
    REQUIRE(found.size() == 1);
    return found.front();
}

void tenant_synced_at(RecorderFixture& f, Instant at) {
    entra::OrganizationSync organization;
    organization.last_sync = at;
    f.desk->tenant.record_organization(organization, f.now);
}

}  // namespace

TEST_CASE_FIXTURE(RecorderFixture, "where no cycle was observed the next write follows the tenant's last sync") {
    sweep({});
    audit({added("event-1", 1, now)});
    auto next = waiting_user(*this).next_write;
    REQUIRE(next.has_value());
    CHECK_FALSE(next->observed);
    CHECK_FALSE(next->last_sync);
    CHECK(next->at == now + 15min);

    tenant_synced_at(*this, now - 20min);
    next = waiting_user(*this).next_write;
    REQUIRE(next.has_value());
    CHECK(next->last_sync);
    CHECK(next->at == now + 10min);
    CHECK(next->uncertainty == settings.sync.grace);

    tenant_synced_at(*this, now - 2h);  // it does not run: no beat to count on
    CHECK_FALSE(waiting_user(*this).next_write->last_sync);
}

TEST_CASE_FIXTURE(RecorderFixture, "a stuck key with a cause to mend has no next write, and its mend stands with it") {
    sweep({});
    audit({added("event-1", 1, now)});
    now += 2h;
    tenant_synced_at(*this, now);
    ldap::DirectoryUser account = user(1, {});
    account.protected_account = true;
    const auto stuck = desk->accounts.stuck_accounts(domain, now);
    REQUIRE(stuck.size() == 1);
    desk->accounts.record_account(stuck.front().registration, account, now);

    const UserView view = waiting_user(*this);
    CHECK(view.blocked_by == metrics::Cause::protected_account);
    CHECK_FALSE(view.next_write.has_value());
    const auto json = to_json(view);
    CHECK(json.at("next_write").is_null());
    CHECK(json.at("blocked_by").as_string() == "protected_account");
    CHECK(json.at("keys").at(0).at("advice").as_string() == advice(metrics::Cause::protected_account));
}

}  // namespace keysyncd::daemon::test
