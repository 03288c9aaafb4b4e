#include "entra/graph_reader.hpp"

#include "entra/clouds.hpp"
#include "entra/curl_client.hpp"
#include "entra/organization.hpp"
#include "entra/token_flows.hpp"

namespace keysyncd::entra {
namespace {

SystemClock& system_clock() {
    static SystemClock clock;
    return clock;
}

SessionLimits with_settings(SessionLimits limits, const config::EntraSettings& settings) {
    limits.reports_requests = static_cast<std::size_t>(settings.reports_limit);
    return limits;
}

}  // namespace

class GraphReader::Impl {
  public:
    Impl(const config::EntraSettings& settings, GraphObserver observer, std::unique_ptr<HttpClient> transport,
         Clock& clock, SessionLimits limits, std::shared_ptr<RequestLane> reports)
        : credential(settings.credential),
          endpoints(endpoints_of(settings)),
          http(std::move(transport)),
          exchange(*http, clock, std::move(observer)),
          tokens(make_token_flow(settings, endpoints, exchange, clock), clock),
          session(exchange, tokens, clock, with_settings(limits, settings), std::move(reports)),
          audit(session, clock, endpoints.graph, ActivityNames(settings.activities), exchange.observer()),
          users(session, endpoints),
          survey(session, users, endpoints) {}

    config::Credential credential;
    Endpoints endpoints;
    std::unique_ptr<HttpClient> http;
    Exchange exchange;
    TokenSource tokens;
    GraphSession session;
    AuditReader audit;
    UserReader users;
    SurveyReader survey;
};

GraphReader::GraphReader(config::EntraSettings settings, GraphObserver observer, std::shared_ptr<RequestLane> reports)
    : GraphReader(
          settings, std::move(observer),
          std::make_unique<CurlClient>(CurlSettings{settings.ca_file, settings.proxy, settings.proxy_password_file}),
          system_clock(), {}, std::move(reports)) {}

GraphReader::GraphReader(config::EntraSettings settings, GraphObserver observer, std::unique_ptr<HttpClient> http,
                         Clock& clock, SessionLimits limits, std::shared_ptr<RequestLane> reports)
    : impl_(std::make_unique<Impl>(settings, std::move(observer), std::move(http), clock, limits, std::move(reports))) {
}

GraphReader::~GraphReader() = default;

std::expected<void, GraphError> GraphReader::read_registrations(Instant since, const EventSink& page,
                                                                const std::stop_token& stop) {
    return impl_->audit.read(since, page, stop);
}

std::expected<void, GraphError> GraphReader::read_registrations_of(const AuditUser& user, Instant since,
                                                                   const EventSink& page, const std::stop_token& stop) {
    return impl_->audit.read_of(user, since, page, stop);
}

std::expected<std::optional<EntraUser>, GraphError> GraphReader::read_user(std::string_view id_or_upn,
                                                                           const std::stop_token& stop) {
    return impl_->users.read_user(id_or_upn, stop);
}

std::expected<std::vector<UserAnswer>, GraphError> GraphReader::read_users(std::span<const std::string> ids_or_upns,
                                                                           const std::stop_token& stop) {
    return impl_->users.read_users(ids_or_upns, stop);
}

std::expected<UserMethods, GraphError> GraphReader::read_methods(std::string_view id_or_upn, KeyKind kind,
                                                                 const std::stop_token& stop) {
    return impl_->users.read_methods(id_or_upn, kind, stop);
}

std::expected<SurveyReport, GraphError> GraphReader::read_registration_report(SurveyState& state,
                                                                              const std::stop_token& stop) {
    return impl_->survey.read_report(state, stop);
}

std::expected<SurveyPass, GraphError> GraphReader::survey_registrations(SurveyState& state, MovedUsers& moved,
                                                                        Instant now, std::size_t most_users,
                                                                        const EventSink& sink,
                                                                        const std::stop_token& stop) {
    return impl_->survey.ask(state, moved, now, most_users, sink, stop);
}

std::expected<OrganizationSync, GraphError> GraphReader::read_organization(const std::stop_token& stop) {
    constexpr std::string_view what = "the organization";
    auto answer = impl_->session.ask({"organization", what, impl_->endpoints.url(organization_path)}, stop);
    if (!answer) {
        return std::unexpected(std::move(answer.error()));
    }
    if (answer->status != 200) {
        return std::unexpected(from_status(answer->status, answer->body, what));
    }
    auto sync = entra::read_organization(answer->body);
    if (!sync) {
        return std::unexpected(bad_answer(what, sync.error()));
    }
    return *sync;
}

std::expected<std::optional<SyncFeatures>, GraphError> GraphReader::read_sync_features(const std::stop_token& stop) {
    constexpr std::string_view what = "directory synchronization";
    auto answer = impl_->session.ask({"features", what, impl_->endpoints.url(sync_features_path)}, stop);
    if (!answer && answer.error().failure == GraphFailure::forbidden) {
        return std::optional<SyncFeatures>{};
    }
    if (!answer) {
        return std::unexpected(std::move(answer.error()));
    }
    // 400 and 404: this cloud has no such interface, or not for applications.
    if (answer->status != 200) {
        return std::optional<SyncFeatures>{};
    }
    auto features = entra::read_sync_features(answer->body);
    if (!features) {
        return std::unexpected(bad_answer(what, features.error()));
    }
    return std::optional{*features};
}

std::optional<std::chrono::nanoseconds> GraphReader::clock_offset() const {
    return impl_->exchange.clock_offset();
}

std::optional<std::chrono::sys_seconds> GraphReader::certificate_expiry() const {
    return client_certificate_expiry(impl_->credential);
}

}  // namespace keysyncd::entra
