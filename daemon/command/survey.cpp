#include "daemon/command/survey.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stop_token>

#include "daemon/command/wanted_user.hpp"
#include "daemon/monitor/registration_feed.hpp"
#include "daemon/monitor/request_lanes.hpp"
#include "daemon/record/ledger_desk.hpp"
#include "daemon/rules/finding_policy.hpp"
#include "entra/audit_file_reader.hpp"
#include "entra/graph_reader.hpp"
#include "ldap/account_lookup.hpp"
#include "ldap/deadline_supervisor.hpp"
#include "ldap/domain_reader.hpp"

namespace keysyncd::daemon {
namespace {

class SurveySink final : public ldap::PassSink {
  public:
    SurveySink(DirectoryRecorder& recorder, DomainId domain, const Clock& clock,
               std::function<void(std::size_t)> on_batch)
        : recorder_(&recorder), domain_(domain), clock_(&clock), on_batch_(std::move(on_batch)) {}

    void begin(const ldap::PassStart& start) override { recorder_->begin_pass(domain_, start); }
    bool users(std::vector<ldap::DirectoryUser>&& batch) override {
        recorder_->record(domain_, batch, (*clock_)());
        on_batch_(batch.size());
        return true;
    }
    std::vector<bool> with_news(std::span<const ldap::DirectoryUser> batch) override {
        return recorder_->with_news(domain_, batch);
    }

  private:
    DirectoryRecorder* recorder_;
    DomainId domain_;
    const Clock* clock_;
    std::function<void(std::size_t)> on_batch_;
};

constexpr std::size_t questions_about_one = 4;

// The first poll of a ledger reads the audit log from the look-back on: everybody's for a report. For one user
// everybody's log of weeks would be read to tell of a few events: Entra is asked for that user's.
config::Settings looking_back(config::Settings settings, const SurveyScope& scope) {
    if (settings.entra && scope.user.empty()) {
        settings.entra->lookback = scope.since;
    }
    return settings;
}

class Surveyor {
  public:
    Surveyor(const config::Settings& settings, const SurveyScope& scope, const Clock& clock, SurveyResult& result)
        : settings_(looking_back(settings, scope)),
          scope_(scope),
          clock_(clock),
          result_(result),
          desk_(*result.ledger, settings_),
          wanted_(scope.user) {}

    void read_directory(const SurveyProgress& progress) {
        for (config::DomainSettings domain : settings_.domains) {
            if (!scope_.user.empty()) {
                domain.filter = "(&" + domain.filter + ldap::name_filter(scope_.user) + ")";
            }
            const DomainId id = result_.ledger->add_domain(domain.name, clock_() - Ticks{scope_.since});
            desk_.directory.users.findings.set_policy(id, finding_policy(domain.findings));
            auto& reader = readers_.emplace_back(id, std::make_unique<ldap::DomainReader>(domain, supervisor_));
            SurveySink sink{desk_.directory, id, clock_, [&](std::size_t users) {
                                result_.users_read += users;
                                progress("the directory", result_.users_read);
                            }};
            const auto pass = reader.second->poll({}, true, sink, stop_.get_token());
            if (!pass) {
                result_.problems.push_back(fmt::format("{}: {}: {}: {}", domain.name, pass.error().server,
                                                       to_string(pass.error().failure), pass.error().detail));
                continue;
            }
            desk_.directory.finish_pass(id, *pass, clock_());
            desk_.directory.after_first_sweeps();
            if (!scope_.user.empty()) {
                look_up_wanted(domain.name, *reader.second);
                suppose_others_are_written(id);
            }
            for (const std::string& warning : pass->warnings) {
                result_.problems.push_back(fmt::format("{}: {}", domain.name, warning));
            }
        }
    }

    void read_entra() {
        std::optional<entra::GraphReader> graph;
        if (settings_.uses_graph()) {
            graph.emplace(*settings_.entra, entra::GraphObserver{}, lane_beside_daemon(settings_));
        }
        const bool graph_answers = graph && went_well(find_wanted_users(*graph));
        // Before Graph tells who the users of registrations are.
        if (settings_.uses_audit_files()) {
            read_audit_files();
        }
        if (graph_answers) {
            went_well(read_graph(*graph));
        }
        if (settings_.uses_audit_files() && !settings_.uses_graph()) {
            resolve_by_directory();
        }
        desk_.housekeeping.tidy(clock_());
    }

    void look_up_stuck_accounts() {
        for (const auto& [id, reader] : readers_) {
            for (const auto& [registration, query] : desk_.accounts.stuck_accounts(id, clock_())) {
                const auto account = reader->look_up(query, stop_.get_token());
                if (!account) {
                    result_.problems.push_back(account.error().detail);
                    break;
                }
                desk_.accounts.record_account(registration, *account, clock_());
            }
        }
    }

  private:
    // A user without keys is not in a sweep, but its account tells its other names and why it may be stuck.
    void look_up_wanted(const std::string& domain, ldap::DomainReader& reader) {
        auto account = reader.look_up({{}, {}, scope_.user}, stop_.get_token());
        if (!account) {
            result_.problems.push_back(account.error().detail);
        } else if (*account) {
            result_.accounts.push_back({domain, std::move(**account)});
        }
    }

    // A look at one user sees nobody else's writes: that they have stopped is told by the tenant's last sync alone.
    void suppose_others_are_written(DomainId id) {
        if (settings_.uses_graph()) {
            result_.ledger->in_transaction([&] { result_.ledger->domain(id).last_cloud_write = clock_(); });
        }
    }

    bool went_well(const std::expected<void, entra::GraphError>& outcome) {
        if (!outcome) {
            result_.problems.push_back(
                fmt::format("Microsoft Graph: {}: {}", to_string(outcome.error().failure), outcome.error().detail));
        }
        return outcome.has_value();
    }

    std::expected<void, entra::GraphError> read_graph(entra::GraphReader& graph) {
        RegistrationFeed feed{*settings_.entra,
                              graph,
                              [this](const std::function<void(LedgerDesk&)>& work) { work(desk_); },
                              clock_,
                              [](LogLevel, std::string_view, std::string_view) {},
                              [this](const entra::RegistrationEvent& event) { return is_wanted(event); }};
        auto read = scope_.user.empty()
                        ? feed.poll(stop_.get_token())
                        : feed.poll_users(wanted_.in_entra(), clock_() - Ticks{scope_.since}, stop_.get_token());
        if (!read && is_everywhere(read.error().failure)) {
            return read;
        }
        if (feed.postponed() > 0) {
            result_.problems.push_back(
                fmt::format("Microsoft Graph: {} users more have changed by the registration report than one look asks "
                            "about: the daemon finds their keys over time",
                            feed.postponed()));
        }
        // Two requests for one user; for everybody it would take hours, which only the daemon has.
        feed.confirm_keys(scope_.user.empty() ? 0 : questions_about_one,
                          std::chrono::steady_clock::now() + std::chrono::minutes{1}, stop_.get_token());
        return read;
    }

    void read_audit_files() {
        entra::AuditFileReader reader{
            settings_.entra->audit_files,
            settings_.entra->activities,
            [this](const entra::AuditFileProblem& problem) {
                result_.problems.push_back(problem.line == 0
                                               ? fmt::format("{}: {}", problem.path, problem.detail)
                                               : fmt::format("{}:{}: {}", problem.path, problem.line, problem.detail));
            },
            {}};
        reader.read(
            [this](std::vector<entra::RegistrationEvent>&& events, const entra::AuditFileCursor&) {
                std::erase_if(events, [this](const entra::RegistrationEvent& event) {
                    return event.at < clock_() - Ticks{scope_.since} || !is_wanted(event);
                });
                desk_.registrations.record_events(events, clock_());
                return true;
            },
            stop_.get_token());
    }

    // Who a registration's user is, where Graph can't be asked.
    void resolve_by_directory() {
        for (const auto& [id, reader] : readers_) {
            // Whoever was looked up is not among the next ones.
            for (auto some = desk_.accounts.unresolved_accounts(id, clock_()); !some.empty();
                 some = desk_.accounts.unresolved_accounts(id, clock_())) {
                if (!look_up(id, *reader, some)) {
                    break;
                }
            }
        }
    }

    bool look_up(DomainId id, ldap::DomainReader& reader, const std::vector<AccountRecorder::UnresolvedAccount>& some) {
        for (const AccountRecorder::UnresolvedAccount& asked : some) {
            const auto account = reader.look_up({{}, {}, asked.user_principal_name}, stop_.get_token());
            if (!account) {
                result_.problems.push_back(account.error().detail);
                return false;
            }
            desk_.accounts.record_directory_account(asked, id, *account, clock_());
        }
        return true;
    }

    // Entra's users of the one that was asked for: by its own name, or the principal names that the directory gave.
    std::expected<void, entra::GraphError> find_wanted_users(entra::GraphReader& graph) {
        for (const std::string& name : wanted_.names_in_entra(result_.accounts)) {
            auto user = graph.read_user(name, stop_.get_token());
            if (!user) {
                return std::unexpected(std::move(user.error()));
            }
            if (*user) {
                wanted_.found_in_entra(std::move(**user));
            }
        }
        return {};
    }

    [[nodiscard]] bool is_wanted(const entra::RegistrationEvent& event) const {
        return wanted_.concerns(event, result_.accounts);
    }

    const config::Settings settings_;
    const SurveyScope& scope_;
    const Clock& clock_;
    SurveyResult& result_;
    std::stop_source stop_;
    ldap::DeadlineSupervisor supervisor_;
    LedgerDesk desk_;
    WantedUser wanted_;
    std::vector<std::pair<DomainId, std::unique_ptr<ldap::DomainReader>>> readers_;
};

}  // namespace

SurveyResult survey(const config::Settings& settings, const SurveyScope& scope, const Clock& clock,
                    const SurveyProgress& progress) {
    SurveyResult result;
    result.ledger = std::make_unique<Ledger>(":memory:", [](const std::string&, const std::string&) {});
    Surveyor surveyor{settings, scope, clock, result};
    progress("the directory", 0);
    surveyor.read_directory(progress);
    progress("Microsoft Graph", 0);
    surveyor.read_entra();
    surveyor.look_up_stuck_accounts();
    return result;
}

}  // namespace keysyncd::daemon
