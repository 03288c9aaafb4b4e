#include "daemon/survey.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stop_token>

#include "daemon/directory_recorder.hpp"
#include "daemon/finding_policy.hpp"
#include "daemon/registration_recorder.hpp"
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

class Surveyor {
  public:
    Surveyor(const config::Settings& settings, const SurveyScope& scope, const Clock& clock, SurveyResult& result)
        : settings_(settings),
          scope_(scope),
          clock_(clock),
          result_(result),
          directory_(*result.ledger, settings.sync),
          registrations_(*result.ledger, settings) {}

    void read_directory(const std::function<void(std::uint64_t)>& progress) {
        for (config::DomainSettings domain : settings_.domains) {
            if (!scope_.user.empty()) {
                domain.filter = "(&" + domain.filter + ldap::name_filter(scope_.user) + ")";
            }
            const DomainId id = result_.ledger->add_domain(domain.name, clock_() - Ticks{scope_.since});
            directory_.users.findings.set_policy(id, finding_policy(domain.findings));
            auto& reader = readers_.emplace_back(id, std::make_unique<ldap::DomainReader>(domain, supervisor_));
            SurveySink sink{directory_, id, clock_, [&](std::size_t users) {
                                result_.users_read += users;
                                progress(result_.users_read);
                            }};
            const auto pass = reader.second->poll({}, true, sink, stop_.get_token());
            if (!pass) {
                result_.problems.push_back(fmt::format("{}: {}: {}: {}", domain.name, pass.error().server,
                                                       to_string(pass.error().failure), pass.error().detail));
                continue;
            }
            directory_.finish_pass(id, *pass, clock_());
            if (!scope_.user.empty()) {
                look_up_wanted(*reader.second);
            }
            for (const std::string& warning : pass->warnings) {
                result_.problems.push_back(fmt::format("{}: {}", domain.name, warning));
            }
        }
    }

    void read_entra() {
        if (!settings_.entra || !settings_.entra->uses_graph()) {
            return;
        }
        entra::GraphReader graph{*settings_.entra, {}};
        if (const auto read = read_graph(graph); !read) {
            result_.problems.push_back(
                fmt::format("Microsoft Graph: {}: {}", to_string(read.error().failure), read.error().detail));
        }
    }

    void look_up_stuck_accounts() {
        for (const auto& [id, reader] : readers_) {
            for (const auto& [registration, query] : registrations_.stuck_accounts(id, clock_())) {
                const auto account = reader->look_up(query, stop_.get_token());
                if (!account) {
                    result_.problems.push_back(account.error().detail);
                    break;
                }
                registrations_.record_account(registration, *account, clock_());
            }
        }
    }

  private:
    // A user without keys is not in a sweep, but its account tells its other names and why it may be stuck.
    void look_up_wanted(ldap::DomainReader& reader) {
        auto account = reader.look_up({{}, {}, scope_.user}, stop_.get_token());
        if (!account) {
            result_.problems.push_back(account.error().detail);
        } else if (*account) {
            result_.account = std::move(**account);
        }
    }

    std::expected<void, entra::GraphError> read_graph(entra::GraphReader& graph) {
        const auto one_user = wanted_user(graph);
        if (!one_user) {
            return std::unexpected(one_user.error());
        }
        auto read = graph.read_registrations(
            clock_() - Ticks{scope_.since},
            [&](std::vector<entra::RegistrationEvent>&& page) {
                if (!scope_.user.empty()) {
                    std::erase_if(page, [&](const entra::RegistrationEvent& event) {
                        return !*one_user || (event.user_id != (*one_user)->id &&
                                              event.user_principal_name != (*one_user)->user_principal_name);
                    });
                }
                registrations_.record_events(page, clock_());
                return true;
            },
            stop_.get_token());
        if (!read) {
            return read;
        }
        for (const std::string& user : registrations_.users_to_read(clock_())) {
            const auto answer = graph.read_user(user, stop_.get_token());
            if (!answer) {
                return std::unexpected(answer.error());
            }
            registrations_.record_user(user, *answer, clock_());
        }
        const auto organization = graph.read_organization(stop_.get_token());
        if (!organization) {
            return std::unexpected(organization.error());
        }
        registrations_.record_organization(*organization);
        return {};
    }

    // Entra's user of the one that was asked for: its own name, or the principal name that the directory gave.
    std::expected<std::optional<entra::EntraUser>, entra::GraphError> wanted_user(entra::GraphReader& graph) {
        if (scope_.user.empty()) {
            return std::optional<entra::EntraUser>{};
        }
        const bool has_name = result_.account && !result_.account->user_principal_name.empty();
        const std::string& name = has_name ? result_.account->user_principal_name : scope_.user;
        if (name.find('@') == std::string::npos && !ldap::Guid::parse(name)) {
            return std::optional<entra::EntraUser>{};
        }
        return graph.read_user(name, stop_.get_token());
    }

    const config::Settings& settings_;
    const SurveyScope& scope_;
    const Clock& clock_;
    SurveyResult& result_;
    std::stop_source stop_;
    ldap::DeadlineSupervisor supervisor_;
    DirectoryRecorder directory_;
    RegistrationRecorder registrations_;
    std::vector<std::pair<DomainId, std::unique_ptr<ldap::DomainReader>>> readers_;
};

}  // namespace

SurveyResult survey(const config::Settings& settings, const SurveyScope& scope, const Clock& clock,
                    const std::function<void(std::uint64_t)>& progress) {
    SurveyResult result;
    result.ledger = std::make_unique<Ledger>(":memory:", [](const std::string&, const std::string&) {});
    Surveyor surveyor{settings, scope, clock, result};
    surveyor.read_directory(progress);
    surveyor.read_entra();
    surveyor.look_up_stuck_accounts();
    return result;
}

}  // namespace keysyncd::daemon
