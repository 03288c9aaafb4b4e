#include "daemon/command/report_command.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <map>
#include <ostream>
#include <utility>

#include "daemon/command/progress_line.hpp"
#include "daemon/command/survey.hpp"
#include "daemon/view/ledger_queries.hpp"
#include "ldap/key_findings.hpp"

namespace keysyncd::daemon {
namespace {

// How many users to expect: as many as the daemon knows, where one has been at work here.
std::optional<std::uint64_t> carriers_known(const config::Settings& settings) {
    try {
        return LedgerQueries{settings, settings.ledger.path}.carriers();
    } catch (const SqliteError&) {
        return std::nullopt;
    }
}

std::vector<KeyView> all_keys(const config::Settings& settings, Database& database, Instant now) {
    LedgerQueries queries{settings, database};
    std::vector<KeyView> keys;
    KeyFilter filter;
    filter.limit = 10000;
    do {
        auto page = queries.keys(filter, now);
        keys.insert(keys.end(), std::make_move_iterator(page->keys.begin()), std::make_move_iterator(page->keys.end()));
        filter.cursor = std::move(page->next_cursor);
    } while (!filter.cursor.empty());
    return keys;
}

// What only the daemon has found out over time: keys that Entra, asked, does not know.
void mark_unmatched(std::vector<KeyView>& keys, const config::Settings& settings, Instant now) {
    std::map<std::pair<std::string, std::string>, KeyView> unmatched;
    try {
        LedgerQueries queries{settings, settings.ledger.path};
        KeyFilter filter;
        filter.state = metrics::State::unmatched;
        filter.limit = 10000;
        do {
            auto page = queries.keys(filter, now);
            for (KeyView& key : page->keys) {
                unmatched.emplace(std::pair{key.user.object_guid, key.key_id}, key);
            }
            filter.cursor = std::move(page->next_cursor);
        } while (!filter.cursor.empty());
    } catch (const SqliteError&) {
        return;  // no daemon here, or its ledger is closed to this account
    }
    for (KeyView& key : keys) {
        const auto known = unmatched.find({key.user.object_guid, key.key_id});
        if (known != unmatched.end() && key.state == metrics::State::synced) {
            key.state = metrics::State::unmatched;
            key.findings |= known->second.findings & ldap::bit(ldap::KeyFinding::unmatched);
        }
    }
}

}  // namespace

int run_report(const config::Settings& settings, std::chrono::seconds since, ReportFormat format, std::ostream& out,
               std::ostream& err, const Clock& clock) {
    SurveyResult seen;
    {
        ProgressLine progress{err, carriers_known(settings)};
        seen = survey(settings, {since, ""}, clock,
                      [&](std::string_view source, std::uint64_t users) { progress.show(source, users); });
    }
    for (const std::string& problem : seen.problems) {
        fmt::print(err, "keysyncd: {}\n", problem);
    }
    const Instant now = clock();
    std::vector<KeyView> keys = all_keys(settings, seen.ledger->database(), now);
    mark_unmatched(keys, settings, now);
    const ReportData data = report_data(std::move(keys), settings.sync);
    switch (format) {
        case ReportFormat::table:
            write_report_table(out, data, settings.sync, since, now);
            break;
        case ReportFormat::json:
            write_report_json(out, data, settings.sync, since);
            break;
        case ReportFormat::csv:
            write_report_csv(out, data);
            break;
    }
    return seen.problems.empty() ? 0 : 1;
}

}  // namespace keysyncd::daemon
