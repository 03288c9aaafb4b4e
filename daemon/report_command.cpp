#include "daemon/report_command.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <unistd.h>

#include <map>
#include <ostream>
#include <utility>

#include "daemon/ledger_queries.hpp"
#include "daemon/span_text.hpp"
#include "daemon/survey.hpp"
#include "ldap/key_findings.hpp"

namespace keysyncd::daemon {
namespace {

// A line that is written over while users are read; nothing where nobody looks.
class ProgressLine {
  public:
    explicit ProgressLine(std::ostream& err) : err_(err), shown_(isatty(STDERR_FILENO) == 1) {}
    ~ProgressLine() {
        if (shown_) {
            fmt::print(err_, "\r\x1b[K");
            err_.flush();
        }
    }
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void operator()(std::uint64_t users) {
        const auto now = std::chrono::steady_clock::now();
        if (!shown_ || now - last_ < std::chrono::milliseconds{200}) {
            return;
        }
        last_ = now;
        const double seconds = std::chrono::duration<double>(now - start_).count();
        fmt::print(err_, "\r\x1b[Kreading the directory: {} users, {:.0f} a second", users,
                   static_cast<double>(users) / std::max(seconds, 0.001));
        err_.flush();
    }

  private:
    std::ostream& err_;
    bool shown_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point last_ = start_;
};

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
        ProgressLine progress{err};
        seen = survey(settings, {since, ""}, clock, [&](std::uint64_t users) { progress(users); });
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
