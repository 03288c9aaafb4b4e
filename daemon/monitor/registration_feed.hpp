// Entra's side, brought into the ledger by Microsoft Graph: the audit log or the registration report, the users it
// names, the tenant's last sync; then what is to be asked about single keys. One loop for the daemon and for a single
// look (explain, report). Blocking, one worker thread.
#pragma once

#include <expected>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <stop_token>

#include "config/settings.hpp"
#include "daemon/monitor/method_inquiry.hpp"
#include "daemon/monitor/report_survey.hpp"
#include "daemon/monitor/user_inquiry.hpp"
#include "daemon/process/clock.hpp"
#include "daemon/process/log.hpp"
#include "daemon/record/ledger_desk.hpp"
#include "entra/graph_reader.hpp"

namespace keysyncd::daemon {

class RegistrationFeed {
  public:
    /// Whether an event matters; empty: all do.
    using Wanted = std::function<bool(const entra::RegistrationEvent&)>;

    RegistrationFeed(const config::EntraSettings& settings, entra::GraphReader& reader, AtLedgerDesk at_desk,
                     Clock clock, Tell tell, Wanted wanted = {});
    RegistrationFeed(const RegistrationFeed&) = delete;  // its parts record through it
    RegistrationFeed& operator=(const RegistrationFeed&) = delete;

    /// Everything new, once. What one source refuses keeps nothing else away: the error is told at the end.
    [[nodiscard]] std::expected<void, entra::GraphError> poll(const std::stop_token& stop);
    /// For a look at single users: the same, and what Entra tells of them from `since` on, before the look-back too.
    [[nodiscard]] std::expected<void, entra::GraphError> poll_users(std::span<const entra::EntraUser> users,
                                                                    Instant since, const std::stop_token& stop);
    /// Asks about keys that wait or have just arrived, `most` requests at most, and after the first none begun after
    /// `until`. Nothing that goes wrong fails a poll.
    void confirm_keys(std::size_t most, std::chrono::steady_clock::time_point until, const std::stop_token& stop) {
        inquiry_.ask(most, until, stop);
    }
    /// Users that the registration report still wants asked about.
    [[nodiscard]] std::size_t postponed() const noexcept { return survey_.postponed(); }

  private:
    using Outcome = std::expected<void, entra::GraphError>;
    using Stages = std::initializer_list<std::function<Outcome()>>;
    [[nodiscard]] static Outcome run(Stages stages);
    [[nodiscard]] Outcome read_registrations(const std::stop_token& stop);
    [[nodiscard]] Outcome read_audit_log(Instant started, const std::stop_token& stop);
    [[nodiscard]] Outcome read_registrations_of(std::span<const entra::EntraUser> users, Instant since,
                                                const std::stop_token& stop);
    [[nodiscard]] Outcome read_methods(const entra::EntraUser& user, Instant since, const std::stop_token& stop);
    [[nodiscard]] Outcome read_users(const std::stop_token& stop) { return users_.ask(stop); }
    [[nodiscard]] Outcome read_organization(const std::stop_token& stop);
    [[nodiscard]] Instant graph_time(Instant ours) const;
    void record(std::vector<entra::RegistrationEvent>&& events);

    config::EntraSettings settings_;
    entra::GraphReader* reader_;
    AtLedgerDesk at_desk_;
    Clock clock_;
    Tell tell_;
    Wanted wanted_;
    ReportSurvey survey_;
    UserInquiry users_;
    MethodInquiry inquiry_;
    std::optional<Instant> left_out_at_;  ///< Graph does not offer registrations here, and the audit files tell them
    std::optional<Instant> features_at_;
};

}  // namespace keysyncd::daemon
