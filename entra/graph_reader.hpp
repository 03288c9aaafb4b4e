// Microsoft Graph, read: token, audit log, users, their methods, organization. Blocking, for one worker thread; every
// request has a deadline and honours the stop token. Throttling waits happen inside, within the deadline of the call.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "entra/audit_reader.hpp"
#include "entra/entra_user.hpp"
#include "entra/graph_error.hpp"
#include "entra/graph_observer.hpp"
#include "entra/graph_session.hpp"
#include "entra/http_client.hpp"
#include "entra/registration_event.hpp"
#include "entra/survey_reader.hpp"
#include "entra/user_reader.hpp"

namespace keysyncd::entra {

class GraphReader {
  public:
    /// `reports`: the history of the application's requests, where it is shared with other readers.
    GraphReader(config::EntraSettings settings, GraphObserver observer,
                std::shared_ptr<RequestLane> reports = std::make_shared<RequestLane>());
    /// With a transport and a clock of the caller's, for tests. `clock` outlives the reader.
    GraphReader(config::EntraSettings settings, GraphObserver observer, std::unique_ptr<HttpClient> http, Clock& clock,
                SessionLimits limits = {}, std::shared_ptr<RequestLane> reports = std::make_shared<RequestLane>());
    ~GraphReader();
    GraphReader(const GraphReader&) = delete;
    GraphReader& operator=(const GraphReader&) = delete;

    /// Audit events with activityDateTime at or after `since`, a page at a time, in the order Graph gives them. The
    /// sink returning false stops. Repeated and late events are normal: deduplication by event_id is the caller's.
    [[nodiscard]] std::expected<void, GraphError> read_registrations(Instant since, const EventSink& page,
                                                                     const std::stop_token& stop);

    /// The same of one user alone, so that weeks of a large tenant's log are a page. Where Graph refuses to narrow it,
    /// other users' events come too.
    [[nodiscard]] std::expected<void, GraphError> read_registrations_of(const AuditUser& user, Instant since,
                                                                        const EventSink& page,
                                                                        const std::stop_token& stop);

    /// By object id or user principal name. std::nullopt: Entra does not know it (any more).
    [[nodiscard]] std::expected<std::optional<EntraUser>, GraphError> read_user(std::string_view id_or_upn,
                                                                                const std::stop_token& stop);

    /// Several users, twenty in a request, in the order given. An error of one is that one's alone.
    [[nodiscard]] std::expected<std::vector<UserAnswer>, GraphError> read_users(
        std::span<const std::string> ids_or_upns, const std::stop_token& stop);

    /// The user's keys of one kind as Entra has them. One request of the reports family, 5 in 10 s: ask about users
    /// with news only. GraphFailure::forbidden: UserAuthenticationMethod.Read.All is not granted.
    [[nodiscard]] std::expected<UserMethods, GraphError> read_methods(std::string_view id_or_upn, KeyKind kind,
                                                                      const std::stop_token& stop);

    /// Registrations without the audit log (entra.registrations: report): whose row has moved; then what has changed
    /// with those users, some at a time. See survey_reader.hpp.
    [[nodiscard]] std::expected<SurveyReport, GraphError> read_registration_report(SurveyState& state,
                                                                                   const std::stop_token& stop);
    [[nodiscard]] std::expected<SurveyPass, GraphError> survey_registrations(SurveyState& state, MovedUsers& moved,
                                                                             Instant now, std::size_t most_users,
                                                                             const EventSink& sink,
                                                                             const std::stop_token& stop);

    [[nodiscard]] std::expected<OrganizationSync, GraphError> read_organization(const std::stop_token& stop);

    /// std::nullopt: we may not read them (OnPremDirectorySynchronization.Read.All), or there are none.
    [[nodiscard]] std::expected<std::optional<SyncFeatures>, GraphError> read_sync_features(
        const std::stop_token& stop);

    /// Graph's clock minus ours by the last answer's Date header; std::nullopt before the first.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> clock_offset() const;

    /// When the client certificate ends, by its file as it is now; std::nullopt for other credentials.
    [[nodiscard]] std::optional<std::chrono::sys_seconds> certificate_expiry() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace keysyncd::entra
