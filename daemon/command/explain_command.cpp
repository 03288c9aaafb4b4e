#include "daemon/command/explain_command.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <ostream>
#include <utility>

#include "daemon/command/survey.hpp"
#include "daemon/text/printable_text.hpp"
#include "daemon/text/span_text.hpp"
#include "daemon/view/ledger_queries.hpp"
#include "daemon/view/view_json.hpp"
#include "entra/audit_window.hpp"

namespace keysyncd::daemon {
namespace {

void complete(UserView& view, const SurveyedAccount& account) {
    view.user.domain = account.domain;
    view.user.dn = account.user.dn;
    view.user.user_principal_name = account.user.user_principal_name;
    view.user.sam_account_name = account.user.sam_account_name;
    view.user.object_guid = account.user.object_guid.to_string();
    view.user.object_sid = account.user.object_sid.to_string();
    view.protected_account = account.user.protected_account;
    view.disabled = account.user.disabled;
}

// The directory may know an account by another name than Entra does, and several domains one by the same name.
std::vector<UserView> users_of(LedgerQueries& queries, const SurveyedAccount& account, const std::string& asked,
                               Instant now) {
    const bool has_sid = !account.user.object_sid.empty();
    std::vector<UserView> users = queries.users(has_sid ? account.user.object_sid.to_string() : asked, now);
    std::erase_if(users, [&](const UserView& view) { return view.user.domain != account.domain; });
    return users;
}

std::vector<UserView> looked_at(const SurveyResult& seen, const config::Settings& settings, const std::string& asked,
                                Instant now) {
    LedgerQueries queries{settings, seen.ledger->database()};
    if (seen.accounts.empty()) {
        return queries.users(asked, now);
    }
    std::vector<UserView> all;
    for (const SurveyedAccount& account : seen.accounts) {
        std::vector<UserView> users = users_of(queries, account, asked, now);
        if (users.empty()) {
            users.emplace_back();  // without a key
        }
        for (UserView& view : users) {
            if (view.user.dn.empty()) {
                complete(view, account);
            }
            all.push_back(std::move(view));
        }
    }
    return all;
}

// The daemon's ledger, where there is one that this account may read.
std::vector<UserView> observed_users(const SurveyResult& seen, const config::Settings& settings,
                                     const std::string& asked, Instant now) {
    try {
        LedgerQueries queries{settings, settings.ledger.path};
        if (seen.accounts.empty()) {
            return queries.users(asked, now);
        }
        std::vector<UserView> all;
        for (const SurveyedAccount& account : seen.accounts) {
            std::ranges::move(users_of(queries, account, asked, now), std::back_inserter(all));
        }
        return all;
    } catch (const SqliteError&) {
        return {};
    }
}

}  // namespace

int run_explain(const config::Settings& settings, const std::string& user, ExplainFormat format, std::ostream& out,
                std::ostream& err, const Clock& clock) {
    // As long as Entra remembers: a key that has been stuck for weeks is the one that is asked about.
    constexpr auto since = std::chrono::duration_cast<std::chrono::seconds>(entra::audit_retention);
    const SurveyResult seen = survey(settings, {since, user}, clock, [](std::string_view, std::uint64_t) {});
    const Instant now = clock();
    std::vector<UserView> users = looked_at(seen, settings, user, now);
    for (UserView& observed : observed_users(seen, settings, user, now)) {
        const auto same = std::ranges::find_if(users, [&](const UserView& view) {
            return view.user.domain == observed.user.domain && view.user.object_sid == observed.user.object_sid;
        });
        if (same != users.end()) {
            merge_observed(*same, observed);
        } else {
            users.push_back(std::move(observed));
        }
    }
    for (const std::string& problem : seen.problems) {
        fmt::print(err, "keysyncd: {}\n", problem);
    }
    if (users.empty()) {
        fmt::print(err,
                   "keysyncd: no account or key of {} is in {}, and no key was registered within {}. USER is a user "
                   "principal name, sAMAccountName, DN, objectGUID or SID.\n",
                   printable(user), domains_asked(settings), span_text(Ticks{since}));
        return 1;
    }
    for (const UserView& view : users) {
        if (format == ExplainFormat::json) {
            fmt::print(out, "{}\n", boost::json::serialize(to_json(view)));
        } else {
            write_explanation(out, view, settings, now);
        }
    }
    return seen.problems.empty() ? 0 : 1;
}

}  // namespace keysyncd::daemon
