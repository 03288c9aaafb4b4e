// What explain makes of a look and of the ledger's memory, how it is told, and whom a name means.
#include <doctest/doctest.h>

#include <array>
#include <sstream>

#include "daemon/command/explain_command.hpp"
#include "daemon/command/wanted_user.hpp"

namespace keysyncd::daemon {
namespace {

using namespace std::chrono_literals;
using metrics::Cause;
using metrics::State;

constexpr Instant noon = Instant{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + 12h};
const std::string whole_id(64, 'a');

KeyView waiting(Ticks for_so_long, std::optional<Cause> cause = Cause::unknown) {
    KeyView key;
    key.usage = "NGC";
    key.source = "AzureAD";
    key.state = cause ? State::overdue : State::pending;
    key.cause = cause;
    key.registered_at = noon - for_so_long;
    return key;
}

KeyView written(const std::string& id, Ticks registered_before, State state = State::synced) {
    KeyView key = waiting(registered_before, std::nullopt);
    key.key_id = id;
    key.state = state;
    key.written_latest = noon - registered_before + 10min;
    return key;
}

UserView user(std::vector<KeyView> keys) {
    UserView view;
    view.user.domain = "corp.example.com";
    view.user.dn = "CN=ada";
    view.user.user_principal_name = "ada@corp.example.com";
    view.keys = std::move(keys);
    return view;
}

std::vector<State> states(const UserView& view) {
    std::vector<State> all;
    for (const KeyView& key : view.keys) {
        all.push_back(key.state);
    }
    return all;
}

UserView merged(UserView look, const UserView& observed) {
    merge_observed(look, observed);
    return look;
}

std::string told(const UserView& view) {
    config::Settings settings;
    settings.domains.resize(2);
    settings.domains[0].name = "corp.example.com";
    settings.domains[1].name = "eu.example.com";
    std::ostringstream out;
    write_explanation(out, view, settings, noon);
    return out.str();
}

SurveyedAccount account(const std::string& domain, const std::string& upn) {
    SurveyedAccount made;
    made.domain = domain;
    made.user.user_principal_name = upn;
    return made;
}

}  // namespace

TEST_CASE("explain: a key that the ledger knows to be stuck is shown beside an old one") {
    UserView known = user({waiting(40 * 24h), written("aa", 2000h)});
    known.next_write = NextWrite{noon + 5min, 1min, true};
    const UserView all = merged(user({written("aa", 2000h)}), known);
    CHECK(states(all) == std::vector{State::overdue, State::synced});
    REQUIRE(all.next_write.has_value());
    CHECK(all.next_write->at == noon + 5min);
}

TEST_CASE("explain: a stuck key of a user who has no other is shown, and needs no second card") {
    UserView empty;
    empty.user.domain = "corp.example.com";
    const UserView all = merged(empty, user({waiting(48h)}));
    CHECK(states(all) == std::vector{State::overdue});
    CHECK_FALSE(told(all).contains("no keys"));
}

TEST_CASE("explain: the look's registration and the ledger's are one; the ledger judges the sync") {
    const UserView all = merged(user({waiting(3h, Cause::sync_stalled)}), user({waiting(3h + 20s, Cause::unknown)}));
    REQUIRE(all.keys.size() == 1);
    CHECK(all.keys[0].cause == Cause::unknown);
    CHECK(merged(user({waiting(3h, Cause::account_disabled)}), user({waiting(3h, Cause::unknown)})).keys[0].cause ==
          Cause::account_disabled);
}

TEST_CASE("explain: what arrived, was withdrawn or was removed since is not shown as waiting") {
    CHECK(states(merged(user({written("aa", 3h)}), user({waiting(3h)}))) == std::vector{State::synced});
    KeyView withdrawn = waiting(3h);
    withdrawn.state = State::withdrawn;
    withdrawn.cause.reset();
    CHECK(states(merged(user({waiting(3h)}), user({withdrawn}))) == std::vector{State::withdrawn});
    CHECK(states(merged(user({withdrawn}), user({waiting(3h)}))) == std::vector{State::withdrawn});
    CHECK(states(merged(user({waiting(3h)}), user({written("aa", 3h, State::removed)}))) ==
          std::vector{State::removed});
    CHECK(states(merged(user({}), user({written("aa", 3h, State::removed)}))) == std::vector{State::removed});
}

TEST_CASE("explain: an exact write of the look is not lost for what was history to the daemon") {
    KeyView exact = written("aa", 3h);
    exact.precision = metrics::Precision::exact;
    exact.delay = 10min;
    KeyView history = written("aa", 3h);
    history.precision = metrics::Precision::bounded;
    const UserView all = merged(user({exact}), user({history}));
    CHECK(all.keys[0].precision == metrics::Precision::exact);
    CHECK(all.keys[0].delay == Ticks{10min});
}

TEST_CASE("explain: two registrations of the same minutes stay two, and a written key keeps its own memory") {
    KeyView measured = written("aa", 3h);
    measured.delay = 17min;
    const UserView all = merged(user({waiting(3h + 1min), written("aa", 3h)}), user({waiting(3h + 1min), measured}));
    CHECK(states(all) == std::vector{State::overdue, State::synced});
    CHECK(all.keys[1].delay == Ticks{17min});
    // The look knows no registration: the ledger's must not be taken for the key that another one became.
    CHECK(states(merged(user({written("aa", 3h)}), user({waiting(3h + 1min), measured}))) ==
          std::vector{State::overdue, State::synced});
}

TEST_CASE("explain: nobody is told to wait for a write that no cycle brings") {
    for (const Cause cause : {Cause::sync_stalled, Cause::protected_account, Cause::not_in_directory,
                              Cause::account_disabled, Cause::provisioning_error}) {
        UserView view = user({waiting(3h, cause)});
        view.next_write = NextWrite{noon + 5min, 1min, true};
        settle_next_write(view);
        CHECK_FALSE(view.next_write.has_value());
        CHECK(view.blocked_by == cause);
        CHECK(told(view).contains("  next write   not before the cause is mended: "));
    }
    for (const std::optional<Cause> cause : {std::optional{Cause::unknown}, std::optional<Cause>{}}) {
        UserView view = user({waiting(3h, cause)});
        view.next_write = NextWrite{noon + 5min, 1min, true};
        settle_next_write(view);
        CHECK_FALSE(view.blocked_by.has_value());
        CHECK(told(view).contains("expected 2026-03-01T12:05:00Z (in 5m), give or take 1m; from the cycle that was"));
    }
}

TEST_CASE("explain: the whole key id, what the expectation rests on, and which domains were asked") {
    CHECK(told(user({written(whole_id, 3h)})).contains("  NGC key " + whole_id + ", synced\n"));
    UserView view = user({waiting(3h)});
    view.next_write = NextWrite{.at = noon + 5min, .uncertainty = 5min, .last_sync = true};
    CHECK(told(view).contains("; from the tenant's last sync and the configured cycle of 30m\n"));
    view.next_write->last_sync = false;
    CHECK(told(view).contains("; from the configured cycle of 30m\n"));
    CHECK_FALSE(told(view).contains("not seen in"));
    view.user.dn.clear();
    CHECK(told(view).contains("  directory    not seen in corp.example.com, eu.example.com\n"));
}

TEST_CASE("a wanted user is asked for in Entra by each principal name of its accounts, or as it was given") {
    const WantedUser wanted{"ada"};
    const std::array accounts{account("corp", "ada@corp"), account("eu", "ada@eu"), account("lab", "ADA@corp"),
                              account("dev", "")};
    CHECK(wanted.names_in_entra(accounts) == std::vector<std::string>{"ada@corp", "ada@eu"});
    CHECK(wanted.names_in_entra({}).empty());  // Entra knows no sAMAccountName
    CHECK(WantedUser{"x@y"}.names_in_entra({}) == std::vector<std::string>{"x@y"});
}

TEST_CASE("events are about a wanted user by id or name, whichever of its accounts they name") {
    const std::array accounts{account("corp", "ada@corp"), account("eu", "ada@eu")};
    entra::RegistrationEvent event;
    event.user_principal_name = "ADA@eu";
    WantedUser wanted{"ada"};
    CHECK(wanted.concerns(event, accounts));
    entra::EntraUser found;
    found.id = "id-1";
    found.user_principal_name = "ada@corp";
    wanted.found_in_entra(found);
    wanted.found_in_entra(found);
    CHECK(wanted.in_entra().size() == 1);
    CHECK_FALSE(wanted.concerns(event, accounts));
    event.user_id = "id-1";
    CHECK(wanted.concerns(event, accounts));
    CHECK(WantedUser{""}.concerns({}, {}));
}

}  // namespace keysyncd::daemon
