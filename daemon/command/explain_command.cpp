#include "daemon/command/explain_command.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <ostream>
#include <utility>

#include "daemon/command/survey.hpp"
#include "daemon/rules/advice.hpp"
#include "daemon/text/printable_text.hpp"
#include "daemon/text/span_text.hpp"
#include "daemon/view/ledger_queries.hpp"
#include "daemon/view/view_json.hpp"
#include "entra/graph_time.hpp"

namespace keysyncd::daemon {
namespace {

std::string shown(const std::optional<Instant>& at) {
    return at ? entra::format_rfc3339(*at, 0) : "unknown";
}

std::string written_text(const KeyView& key) {
    if (!key.written_latest) {
        return "not yet";
    }
    if (key.precision == metrics::Precision::exact) {
        return shown(key.written_latest) + " (exact)";
    }
    if (!key.written_earliest || *key.written_earliest == *key.written_latest) {
        return "by " + shown(key.written_latest) + " (bounded)";
    }
    return fmt::format("between {} and {} (bounded)", shown(key.written_earliest), shown(key.written_latest));
}

void write_key(std::ostream& out, const KeyView& key, Instant now) {
    fmt::print(out, "  {} key {}, {}\n", key.usage,
               key.key_id.empty() ? "that is not in the directory yet" : key.key_id.substr(0, 16) + "...",
               metrics::state_labels[static_cast<std::size_t>(key.state)]);
    if (key.device_id) {
        fmt::print(out, "    device       {}\n", *key.device_id);
    }
    fmt::print(out, "    source       {}\n", key.source);
    fmt::print(out, "    registered   {}\n", shown(key.registered_at));
    fmt::print(out, "    written      {}\n", written_text(key));
    if (key.delay) {
        fmt::print(out, "    delay        {}, {} missed cycle{}\n", span_text(*key.delay), key.missed_cycles,
                   key.missed_cycles == 1 ? "" : "s");
    } else if (!key.written_latest && key.registered_at && key.state != metrics::State::withdrawn) {
        fmt::print(out, "    waiting      {}, {} missed cycle{}\n", span_text(now - *key.registered_at),
                   key.missed_cycles, key.missed_cycles == 1 ? "" : "s");
    }
    if (key.method) {
        fmt::print(out, "    in Entra     method {}{}, shown {}\n", printable(key.method->id),
                   key.method->strength.empty() ? "" : ", strength " + printable(key.method->strength),
                   shown(key.method->known_at));
    }
    if (key.removed_at) {
        fmt::print(out, "    removed      {}\n", shown(key.removed_at));
    }
    if (key.cause) {
        fmt::print(out, "    cause        {}\n                 {}\n",
                   metrics::cause_labels[static_cast<std::size_t>(*key.cause)], advice(*key.cause));
    }
    for (std::uint8_t i = 0; i < ldap::key_finding_count; ++i) {
        const auto finding = static_cast<ldap::KeyFinding>(i);
        if ((key.findings & ldap::bit(finding)) != 0) {
            fmt::print(out, "    suspicious   {}\n                 {}\n", ldap::to_string(finding), advice(finding));
        }
    }
    for (const UserName& other : key.shared_with) {
        fmt::print(out, "    shared with  {}\n",
                   printable(other.user_principal_name.empty() ? other.dn : other.user_principal_name));
    }
}

void complete(UserView& view, const ldap::DirectoryUser& account) {
    view.user.dn = account.dn;
    view.user.user_principal_name = account.user_principal_name;
    view.user.sam_account_name = account.sam_account_name;
    view.user.object_guid = account.object_guid.to_string();
    view.user.object_sid = account.object_sid.to_string();
    view.protected_account = account.protected_account;
    view.disabled = account.disabled;
}

UserView without_keys(const ldap::DirectoryUser& account) {
    UserView view;
    complete(view, account);
    return view;
}

// The daemon's ledger, where there is one that this account may read.
std::vector<UserView> observed_users(const config::Settings& settings, const std::string& user, Instant now) {
    try {
        return LedgerQueries{settings, settings.ledger.path}.users(user, now);
    } catch (const SqliteError&) {
        return {};
    }
}

}  // namespace

void merge_observed(UserView& looked_at, const UserView& observed) {
    for (const KeyView& known : observed.keys) {
        const auto same = std::ranges::find_if(
            looked_at.keys, [&](const KeyView& key) { return !key.key_id.empty() && key.key_id == known.key_id; });
        if (same != looked_at.keys.end()) {
            const KeyView look = std::exchange(*same, known);
            const bool unmatched = look.state == metrics::State::unmatched || known.state == metrics::State::unmatched;
            same->state = look.state == metrics::State::synced && unmatched ? metrics::State::unmatched : look.state;
            same->findings |= look.findings & ldap::bit(ldap::KeyFinding::unmatched);
            same->method = look.method ? look.method : known.method;
        } else if (known.state == metrics::State::removed || known.state == metrics::State::withdrawn) {
            looked_at.keys.push_back(known);
        }
    }
    if (looked_at.next_write && observed.next_write && observed.next_write->observed) {
        looked_at.next_write = observed.next_write;
    }
}

void write_explanation(std::ostream& out, const UserView& user, const config::SyncSettings& sync, Instant now) {
    const UserName& name = user.user;
    fmt::print(out, "{}\n", printable(name.user_principal_name.empty() ? name.dn : name.user_principal_name));
    fmt::print(out, "  domain       {}\n", name.domain);
    if (!name.dn.empty()) {
        fmt::print(out, "  directory    {}\n", printable(name.dn));
    }
    if (user.protected_account) {
        fmt::print(out, "  account      protected (adminCount=1)\n");
    }
    if (user.disabled) {
        fmt::print(out, "  account      disabled\n");
    }
    if (user.keys.empty()) {
        fmt::print(out, "  no keys: none in the directory, none registered lately\n");
    }
    for (const KeyView& key : user.keys) {
        write_key(out, key, now);
    }
    if (user.next_write) {
        fmt::print(out, "  next write   expected {} (in {}), give or take {}; {}\n", shown(user.next_write->at),
                   span_text(user.next_write->at - now), span_text(user.next_write->uncertainty),
                   user.next_write->observed
                       ? "from the cycle that was observed"
                       : fmt::format("from the configured cycle of {}", span_text(Ticks{sync.cycle})));
    }
}

int run_explain(const config::Settings& settings, const std::string& user, ExplainFormat format, std::ostream& out,
                std::ostream& err, const Clock& clock) {
    const std::chrono::seconds since = settings.entra ? settings.entra->lookback : config::EntraSettings{}.lookback;
    const SurveyResult seen = survey(settings, {since, user}, clock, [](std::string_view, std::uint64_t) {});
    const Instant now = clock();
    // The directory may know the user by another name than Entra does.
    const bool has_sid = seen.account && !seen.account->object_sid.empty();
    const std::string name = has_sid ? seen.account->object_sid.to_string() : user;
    std::vector<UserView> users = LedgerQueries{settings, seen.ledger->database()}.users(name, now);
    if (users.empty() && seen.account) {
        users.push_back(without_keys(*seen.account));
    }
    for (UserView& view : users) {
        if (seen.account && view.user.dn.empty()) {
            complete(view, *seen.account);
        }
    }
    for (const UserView& observed : observed_users(settings, name, now)) {
        const auto same = std::ranges::find_if(users, [&](const UserView& view) {
            return view.user.domain == observed.user.domain && view.user.object_sid == observed.user.object_sid;
        });
        if (same != users.end()) {
            merge_observed(*same, observed);
        } else {
            users.push_back(observed);
        }
    }
    for (const std::string& problem : seen.problems) {
        fmt::print(err, "keysyncd: {}\n", problem);
    }
    if (users.empty()) {
        fmt::print(err,
                   "keysyncd: no key of {} is in the directory, and none was registered within {}. USER is a user "
                   "principal name, sAMAccountName, DN, objectGUID or SID.\n",
                   printable(user), span_text(Ticks{since}));
        return 1;
    }
    for (const UserView& view : users) {
        if (format == ExplainFormat::json) {
            fmt::print(out, "{}\n", boost::json::serialize(to_json(view)));
        } else {
            write_explanation(out, view, settings.sync, now);
        }
    }
    return seen.problems.empty() ? 0 : 1;
}

}  // namespace keysyncd::daemon
