#include "daemon/monitor/engine.hpp"

#include <algorithm>
#include <iterator>
#include <variant>

#include "ldap/poll_error.hpp"

namespace keysyncd::daemon {
namespace {

std::vector<std::string> names_of(const config::Settings& settings) {
    std::vector<std::string> names;
    for (const config::DomainSettings& domain : settings.domains) {
        names.push_back(domain.name);
    }
    return names;
}

template <typename Labels>
std::vector<std::string> strings(const Labels& labels) {
    std::vector<std::string> values{labels.begin(), labels.end()};
    return values;
}

// A pass can also fail in our own ledger.
template <typename Labels>
std::vector<std::string> reasons(const Labels& labels) {
    std::vector<std::string> values = strings(labels);
    values.emplace_back("ledger");
    return values;
}

bool shows_certificate(const config::DomainSettings& domain, std::string_view server) {
    return domain.tls.start_tls || server.starts_with("ldaps://");
}

}  // namespace

metrics::DeclaredSources declared_sources(const config::Settings& settings) {
    metrics::DeclaredSources sources;
    for (const config::DomainSettings& domain : settings.domains) {
        sources.directories.push_back({domain.name, domain.servers, domain.observe_servers});
        sources.clock_peers.insert(sources.clock_peers.end(), domain.servers.begin(), domain.servers.end());
        std::ranges::copy_if(domain.servers, std::back_inserter(sources.certificate_endpoints),
                             [&](const std::string& server) { return shows_certificate(domain, server); });
    }
    sources.directory_failures = reasons(ldap::poll_failure_labels);
    sources.graph = settings.uses_graph();
    sources.audit_files = settings.uses_audit_files();
    sources.file_failures = {"unreadable", "ledger"};
    if (sources.graph) {
        sources.clock_peers.emplace_back("graph");
        sources.graph_failures = reasons(entra::graph_failure_labels);
        sources.graph_endpoints = strings(entra::graph_endpoint_labels);
        sources.graph_codes = strings(entra::graph_code_labels);
        if (std::holds_alternative<config::ClientCertificate>(settings.entra->credential)) {
            sources.certificate_endpoints.emplace_back(entra_client_certificate);
        }
    }
    return sources;
}

Engine::Engine(config::Settings settings, metrics::Instruments& instruments, metrics::SnapshotSlot& slot,
               Progress& progress, RequestLanes& lanes, Clock clock, std::function<void()> on_damage)
    : settings_(std::move(settings)),
      readiness_(names_of(settings_)),
      ledger_(settings_, slot, clock, std::move(on_damage)) {
    const bool by_files_alone = settings_.uses_audit_files() && !settings_.uses_graph();
    const UserSource user_source = by_files_alone ? UserSource::directory : UserSource::graph;
    for (const config::DomainSettings& domain : settings_.domains) {
        domains_.push_back(std::make_unique<DomainMonitor>(domain, supervisor_, ledger_, instruments, readiness_,
                                                           progress, user_source, clock));
    }
    for (const config::DomainSettings& domain : settings_.domains) {
        for (const std::string& server : domain.observe_servers) {
            arrivals_.push_back(
                std::make_unique<ArrivalMonitor>(domain, server, supervisor_, ledger_, instruments, progress, clock));
        }
    }
    if (settings_.uses_audit_files()) {
        audit_files_ = std::make_unique<AuditFileMonitor>(*settings_.entra, ledger_, instruments, progress, clock);
    }
    if (settings_.uses_graph()) {
        entra_ = std::make_unique<EntraMonitor>(*settings_.entra, lanes.lane(settings_), ledger_, instruments, progress,
                                                clock);
    }
}

Engine::~Engine() {
    for (const auto& domain : domains_) {
        domain->request_stop();
    }
    for (const auto& arrivals : arrivals_) {
        arrivals->request_stop();
    }
    if (audit_files_) {
        audit_files_->request_stop();
    }
    if (entra_) {
        entra_->request_stop();
    }
}

}  // namespace keysyncd::daemon
