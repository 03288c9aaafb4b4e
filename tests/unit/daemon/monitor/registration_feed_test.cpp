#include "daemon/monitor/registration_feed.hpp"

#include <doctest/doctest.h>

#include "daemon/ledger/meta_names.hpp"
#include "tests/unit/daemon/monitor/graph_bench.hpp"

namespace keysyncd::daemon::test {
namespace {

using namespace std::chrono_literals;
using entra::GraphFailure;
using metrics::State;

struct Feed : GraphBench {
    std::unique_ptr<RegistrationFeed> feed;

    Feed() {
        sweep({});
        renew();
    }
    /// As after a restart, with the settings as they are.
    void renew() {
        connect();
        feed = std::make_unique<RegistrationFeed>(*settings.entra, *reader, at_desk(), clock(), tell());
    }
    std::expected<void, entra::GraphError> poll() {
        requests.clear();
        return feed->poll({});
    }
    void refuse(const std::string& endpoint, int status, std::string_view code = "UnknownError") {
        answers[endpoint] = [=](const entra::Request&) { return refusal(status, code); };
    }
    std::int64_t meta(std::string_view name) { return ledger->meta.get(name).value_or(0); }
    std::int64_t last_sync() { return meta(meta_name::entra_last_sync); }
    Instant read_until() { return Instant{Ticks{meta(meta_name::audit_read_until)}}; }
};

TEST_CASE_FIXTURE(Feed, "feed: without the audit log users and the last sync are read all the same, and it is told") {
    refuse("audit", 403, "Authorization_RequestDenied");
    desk->registrations.record_events(std::vector{added("by-file", 1, now)}, now);
    const auto outcome = poll();
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().failure == GraphFailure::forbidden);
    CHECK(keys_in(State::pending) == 1);
    CHECK(last_sync() != 0);
}

TEST_CASE_FIXTURE(Feed, "feed: what Graph does not offer comes from the files: told once, asked for again hourly") {
    settings.entra->audit_files = {"/var/spool/keysyncd/*.json"};
    for (const bool by_licence : {true, false}) {
        CAPTURE(by_licence);
        renew();
        lines.clear();
        if (by_licence) {
            refuse("audit", 403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant");
        } else {
            refuse("audit", 404, "Request_ResourceNotFound");
        }
        desk->registrations.record_events(std::vector{added(fmt::format("file-{}", by_licence), 1, now)}, now);
        CHECK(poll().has_value());
        CHECK(asked("audit") == 1);
        CHECK(asked("batch") == (by_licence ? 1 : 0));  // the user is known then
        CHECK(asked("organization") == 1);
        advance(59min);
        CHECK(poll().has_value());
        CHECK(asked("audit") == 0);
        advance(1min);
        CHECK(poll().has_value());
        CHECK(asked("audit") == 1);
        CHECK(told(LogLevel::warn, "they come from the audit files alone") == 1);
        answers.clear();
        advance(1h);
        CHECK(poll().has_value());
        CHECK(told(LogLevel::info, "Graph offers registrations now") == 1);
        advance(1min);
        CHECK(poll().has_value());
        CHECK(asked("audit") == 1);
    }
}

TEST_CASE_FIXTURE(Feed, "feed: a right that is missing is an error, files or not") {
    settings.entra->audit_files = {"/var/spool/keysyncd/*.json"};
    renew();
    refuse("audit", 403, "Authorization_RequestDenied");
    CHECK(poll().error().failure == GraphFailure::forbidden);
    CHECK(asked("organization") == 1);
}

TEST_CASE_FIXTURE(Feed, "feed: by the report in a cloud without methods, beside files and alone") {
    settings.entra->cloud = config::Cloud::china;
    settings.entra->registrations = config::RegistrationSource::report;
    renew();
    CHECK(poll().error().failure == GraphFailure::not_found);
    CHECK(last_sync() != 0);
    settings.entra->audit_files = {"/var/spool/keysyncd/*.json"};
    renew();
    CHECK(poll().has_value());
    CHECK(asked("report") == 0);
}

TEST_CASE_FIXTURE(Feed, "feed: without a connection there is no point in going on") {
    refuse("token", 400, "invalid_client");
    CHECK(poll().error().failure == GraphFailure::token);
    CHECK(asked("token") == 1);
}

TEST_CASE_FIXTURE(Feed, "feed: one user that Graph cannot answer about is told once and keeps nothing waiting") {
    for (const int status : {400, 403, 500}) {
        CAPTURE(status);
        Feed f;
        f.trouble["entra-2"] = status;
        for (int user = 1; user <= 3; ++user) {
            f.events.emplace_back(f.now, user);
        }
        CHECK(f.poll().has_value());
        CHECK(f.keys_in(State::pending) == 2);
        CHECK(f.last_sync() != 0);
        CHECK(f.read_until() == f.now);
        f.advance(1min);
        CHECK(f.poll().has_value());
        CHECK(f.asked("batch") == 0);
        CHECK(f.read_until() == f.now);
        f.advance(5min);
        CHECK(f.poll().has_value());
        CHECK(f.asked("batch") >= 1);
        CHECK(f.told(LogLevel::warn, "cannot answer about a user") == 1);
        f.trouble.clear();
        f.advance(10min);
        CHECK(f.poll().has_value());
        CHECK(f.keys_in(State::pending) == 3);
    }
}

TEST_CASE_FIXTURE(Feed, "feed: the right to read users is missing once two are refused and nobody is answered") {
    trouble = {{"entra-1", 403}, {"entra-2", 403}};
    events = {{now, 1}, {now, 2}};
    for (int i = 0; i < 3; ++i) {
        CHECK(poll().error().failure == GraphFailure::forbidden);
        CHECK(last_sync() != 0);
        advance(1min);
    }
    trouble.clear();
    advance(10min);
    CHECK(poll().has_value());
    CHECK(keys_in(State::pending) == 2);
}

TEST_CASE_FIXTURE(Feed, "feed: a gap is counted once, however often what follows fails") {
    desk->tenant.record_audit_read(now - std::chrono::days{33});
    refuse("organization", 403, "Authorization_RequestDenied");
    for (int i = 0; i < 3; ++i) {
        CHECK_FALSE(poll().has_value());
        advance(1min);
    }
    CHECK(meta(meta_name::registration_gap) == Ticks{std::chrono::days{3}}.count());
    CHECK(read_until() == now - 1min);
    CHECK(told(LogLevel::warn, "a part of the audit log is gone") == 1);
}

TEST_CASE_FIXTURE(Feed, "feed: what was not read moves no watermark") {
    desk->tenant.record_audit_read(now - 5h);
    refuse("audit", 500);
    CHECK_FALSE(poll().has_value());
    CHECK(read_until() == now - 5h);
    answers.clear();
    settings.entra->registrations = config::RegistrationSource::report;
    renew();
    CHECK(poll().has_value());
    CHECK(asked("report") == 1);
    CHECK(read_until() == now - 5h);
}

TEST_CASE_FIXTURE(Feed, "feed: a clock that is ahead loses no event of the time that is still to come for Graph") {
    skew = -3h;
    CHECK(poll().has_value());
    CHECK(read_until() < now - 3h + 1s);
    advance(10min);
    events = {{now - 3h, 1}};  // Graph's present
    CHECK(poll().has_value());
    CHECK(keys_in(State::pending) == 1);
    advance(-3h);  // the clock is put right
    skew = 0h;
    events.emplace_back(now + 1min, 2);
    advance(2min);
    CHECK(poll().has_value());
    CHECK(keys_in(State::pending) == 2);
}

TEST_CASE_FIXTURE(Feed, "feed: a clock that is behind reads more than it must, not less") {
    skew = 3h;
    CHECK(poll().has_value());
    CHECK(read_until() == now);
}

struct ReportFeed : Feed {
    std::vector<int> users;  ///< in the report, moved now

    ReportFeed() {
        settings.entra->registrations = config::RegistrationSource::report;
        settings.entra->reports_limit = 1000;
        answers["report"] = [this](const entra::Request&) {
            boost::json::array rows;
            for (const int user : users) {
                rows.push_back({{"id", fmt::format("entra-{}", user)},
                                {"lastUpdatedDateTime", entra::format_rfc3339(start)},
                                {"methodsRegistered", {"windowsHelloForBusiness"}}});
            }
            return json_response(200, boost::json::serialize(boost::json::object{{"value", std::move(rows)}}));
        };
        answers["methods"] = [this](const entra::Request& request) {
            for (const auto& [user, status] : trouble) {
                if (request.url.contains(user + "/")) {
                    return refusal(status);
                }
            }
            return json_response(
                200, fmt::format(R"({{"value":[{{"id":"m","createdDateTime":"{}"}}]}})", entra::format_rfc3339(start)));
        };
        renew();
    }
};

TEST_CASE_FIXTURE(ReportFeed, "feed by report: fifty users with each poll, the report itself once an hour") {
    for (int user = 1; user <= 120; ++user) {
        users.push_back(user);
    }
    CHECK(poll().has_value());
    CHECK(asked("report") == 1);
    CHECK(asked("methods") == 50);
    CHECK(feed->postponed() == 70);
    for (const std::size_t more : {50UL, 20UL, 0UL}) {
        advance(1min);
        CHECK(poll().has_value());
        CHECK(asked("report") == 0);
        CHECK(asked("methods") == more);
    }
    CHECK(keys_in(State::pending) == 120);
    advance(1h);
    CHECK(poll().has_value());
    CHECK(asked("report") == 1);
    CHECK(asked("methods") == 0);
    renew();
    CHECK(poll().has_value());
    CHECK(asked("report") == 1);
    CHECK(asked("methods") == 0);  // the ledger knows them
}

TEST_CASE_FIXTURE(ReportFeed, "feed by report: a user without an answer is asked about with the next report") {
    users = {1, 2, 3};
    trouble["entra-2"] = 500;
    CHECK(poll().has_value());
    CHECK(keys_in(State::pending) == 2);
    CHECK(told(LogLevel::warn, "the others go on") == 1);
    advance(1min);
    CHECK(poll().has_value());
    CHECK(asked("methods") == 0);
    trouble.clear();
    advance(1h);
    CHECK(poll().has_value());
    CHECK(asked("methods") == 1);
    CHECK(keys_in(State::pending) == 3);
}

TEST_CASE_FIXTURE(ReportFeed, "feed by report: what the ledger could not take is learned again") {
    users = {1};
    bool fails = true;
    feed = std::make_unique<RegistrationFeed>(
        *settings.entra, *reader,
        [&](const std::function<void(LedgerDesk&)>& work) {
            if (fails && asked("methods") > 0) {
                throw std::runtime_error("disk full");
            }
            work(*desk);
        },
        clock(), tell());
    std::optional<std::expected<void, entra::GraphError>> outcome;
    CHECK_THROWS(outcome = poll());
    CHECK_FALSE(outcome.has_value());
    fails = false;
    advance(1min);
    CHECK(poll().has_value());
    CHECK(keys_in(State::pending) == 1);
}

}  // namespace
}  // namespace keysyncd::daemon::test
