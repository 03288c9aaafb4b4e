#include "entra/graph_reader.hpp"

#include <fmt/format.h>

#include "entra/audit_query.hpp"
#include "entra/clouds.hpp"
#include "entra/curl_client.hpp"
#include "entra/directory_audit.hpp"
#include "entra/organization.hpp"
#include "entra/paging.hpp"
#include "entra/token_flows.hpp"
#include "entra/users.hpp"

namespace keysyncd::entra {
namespace {

GraphError bad_answer(std::string_view what, std::string_view why) {
    return {GraphFailure::bad_answer, fmt::format("{}: {}", what, why)};
}

SystemClock& system_clock() {
    static SystemClock clock;
    return clock;
}

}  // namespace

class GraphReader::Impl {
  public:
    Impl(const config::EntraSettings& settings, GraphObserver observer, std::unique_ptr<HttpClient> http, Clock& clock,
         SessionLimits limits)
        : endpoints_(endpoints_of(settings)),
          http_(std::move(http)),
          exchange_(*http_, clock, std::move(observer)),
          tokens_(make_token_flow(settings, endpoints_, exchange_, clock), clock),
          session_(exchange_, tokens_, clock, limits),
          activities_(settings.activities),
          audit_query_(endpoints_.graph, activities_.names()) {}

    std::expected<void, GraphError> read_registrations(
        Instant since, const std::function<bool(std::vector<RegistrationEvent>&&)>& page, const std::stop_token& stop) {
        for (;;) {
            const auto walked = walk_all(since, page, stop);
            if (!walked) {
                return std::unexpected(walked.error());
            }
            if (*walked == Walk::whole) {
                return {};
            }
        }
    }

    std::expected<std::optional<EntraUser>, GraphError> read_user(std::string_view id_or_upn,
                                                                  const std::stop_token& stop) {
        constexpr std::string_view what = "the user";
        auto answer = session_.ask({"user", what, url(user_path(id_or_upn))}, stop);
        if (!answer) {
            return std::unexpected(std::move(answer.error()));
        }
        if (answer->status == 404 && read_complaint(answer->body).code.ends_with("ResourceNotFound")) {
            return std::optional<EntraUser>{};
        }
        if (answer->status != 200) {
            return std::unexpected(from_status(answer->status, answer->body, what));
        }
        auto user = entra::read_user(answer->body);
        if (!user) {
            return std::unexpected(bad_answer(what, user.error()));
        }
        return std::optional{std::move(*user)};
    }

    std::expected<OrganizationSync, GraphError> read_organization(const std::stop_token& stop) {
        constexpr std::string_view what = "the organization";
        auto answer = session_.ask({"organization", what, url(organization_path)}, stop);
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

    [[nodiscard]] std::optional<std::chrono::nanoseconds> clock_offset() const { return exchange_.clock_offset(); }

  private:
    enum class Walk : bool { whole, query_changed };

    [[nodiscard]] std::string url(std::string_view path) const {
        return fmt::format("{}/v1.0{}", endpoints_.graph, path);
    }

    /// Every page of every query that stands for "all configured activities since then".
    std::expected<Walk, GraphError> walk_all(Instant since,
                                             const std::function<bool(std::vector<RegistrationEvent>&&)>& page,
                                             const std::stop_token& stop) {
        for (std::string& first : audit_query_.urls(since)) {
            auto walked = walk(std::move(first), page, stop);
            if (!walked || *walked == Walk::query_changed) {
                return walked;
            }
        }
        return Walk::whole;
    }

    std::expected<Walk, GraphError> walk(std::string first,
                                         const std::function<bool(std::vector<RegistrationEvent>&&)>& page,
                                         const std::stop_token& stop) {
        constexpr std::string_view what = "the audit log";
        Paging paging(endpoints_.graph, std::move(first));
        for (;;) {
            auto answer = session_.ask({"audit", what, paging.url(), Family::reports}, stop);
            if (!answer) {
                return std::unexpected(std::move(answer.error()));
            }
            if (answer->status == 400 && paging.pages() == 1 &&
                audit_query_.refused(read_complaint(answer->body).message)) {
                return Walk::query_changed;
            }
            if (answer->status != 200) {
                return std::unexpected(from_status(answer->status, answer->body, what));
            }
            auto read = read_audit_page(answer->body, activities_);
            if (!read) {
                return std::unexpected(bad_answer(what, read.error()));
            }
            for (const std::string& malformed : read->malformed) {
                if (exchange_.observer().on_malformed) {
                    exchange_.observer().on_malformed(malformed);
                }
            }
            if (!read->events.empty() && !page(std::move(read->events))) {
                return std::unexpected(GraphError{GraphFailure::stopped, "stopped"});
            }
            const auto more = paging.advance(read->next_link);
            if (!more) {
                return std::unexpected(more.error());
            }
            if (!*more) {
                return Walk::whole;
            }
        }
    }

    Endpoints endpoints_;
    std::unique_ptr<HttpClient> http_;
    Exchange exchange_;
    TokenSource tokens_;
    GraphSession session_;
    ActivityNames activities_;
    AuditQuery audit_query_;
};

GraphReader::GraphReader(config::EntraSettings settings, GraphObserver observer)
    : GraphReader(
          settings, std::move(observer),
          std::make_unique<CurlClient>(CurlSettings{settings.ca_file, settings.proxy, settings.proxy_password_file}),
          system_clock()) {}

GraphReader::GraphReader(config::EntraSettings settings, GraphObserver observer, std::unique_ptr<HttpClient> http,
                         Clock& clock, SessionLimits limits)
    : impl_(std::make_unique<Impl>(settings, std::move(observer), std::move(http), clock, limits)) {}

GraphReader::~GraphReader() = default;

std::expected<void, GraphError> GraphReader::read_registrations(
    Instant since, const std::function<bool(std::vector<RegistrationEvent>&&)>& page, const std::stop_token& stop) {
    return impl_->read_registrations(since, page, stop);
}

std::expected<std::optional<EntraUser>, GraphError> GraphReader::read_user(std::string_view id_or_upn,
                                                                           const std::stop_token& stop) {
    return impl_->read_user(id_or_upn, stop);
}

std::expected<OrganizationSync, GraphError> GraphReader::read_organization(const std::stop_token& stop) {
    return impl_->read_organization(stop);
}

std::optional<std::chrono::nanoseconds> GraphReader::clock_offset() const {
    return impl_->clock_offset();
}

}  // namespace keysyncd::entra
