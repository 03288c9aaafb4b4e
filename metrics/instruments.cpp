#include "metrics/instruments.hpp"

#include <prometheus/metric_family.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <set>
#include <utility>

#include "metrics/instrument_series.hpp"

namespace keysyncd::metrics {
namespace {

using prometheus::Gauge;
using prometheus::Labels;

constexpr std::array<std::string_view, 3> source_labels{"ldap", "graph", "audit_file"};
constexpr std::string_view other = "other";

const prometheus::Histogram::BucketBoundaries& poll_bounds() {
    static const prometheus::Histogram::BucketBoundaries bounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
                                                                2.5,   5,    10,    30,   60,  120,  300};
    return bounds;
}

std::string label(Source source) {
    return std::string(source_labels.at(static_cast<std::size_t>(source)));
}

Labels poll_labels(Source source, std::string_view domain) {
    return {{"source", label(source)}, {"domain", std::string(domain)}};
}

Labels server_labels(Source source, std::string_view domain, std::string_view server) {
    return {{"source", label(source)}, {"domain", std::string(domain)}, {"server", std::string(server)}};
}

Labels observed_labels(std::string_view domain, std::string_view server) {
    return {{"domain", std::string(domain)}, {"server", std::string(server)}};
}

double unix_seconds(UnixTime time) {
    return time.time_since_epoch().count();
}

}  // namespace

class Instruments::Impl : public InstrumentSeries {
  public:
    mutable std::mutex mutex;

    std::set<std::pair<Source, std::string>> declared;
    std::set<std::string> graph_endpoints;
    std::set<std::string> graph_codes;
    std::set<std::string> clock_peers;

    void declare(const DeclaredSources& sources) {
        declared.clear();
        graph_endpoints = {sources.graph_endpoints.begin(), sources.graph_endpoints.end()};
        graph_codes = {sources.graph_codes.begin(), sources.graph_codes.end()};
        clock_peers = {sources.clock_peers.begin(), sources.clock_peers.end()};
        for (const DirectorySource& directory : sources.directories) {
            declare_source(Source::ldap, directory.domain, directory.servers, sources.directory_failures);
            for (const std::string& server : directory.observed) {
                observed_up.at(observed_labels(directory.domain, server));
            }
        }
        if (sources.graph) {
            declare_source(Source::graph, "", {}, sources.graph_failures);
            declare_graph(sources);
        }
        if (sources.audit_files) {
            declare_source(Source::audit_file, "", {}, sources.file_failures);
        }
        remove_undeclared(sources);
        for (const std::string& peer : sources.clock_peers) {
            clock.at({{"peer", peer}});
        }
        for (const std::string& endpoint : sources.certificate_endpoints) {
            certificate.at({{"endpoint", endpoint}});
        }
    }

    void polled(Source source, std::string_view domain, Seconds duration) {
        polls.at(poll_labels(source, domain)).Increment();
        poll_duration.at(poll_labels(source, domain), poll_bounds()).Observe(duration.count());
    }

    /// `server` alone is in use: up or down; every other one is not.
    void in_use(Source source, std::string_view domain, std::string_view server, bool up) {
        source_up.for_each([&](const Labels& labels, Gauge& gauge) {
            if (labels.at("source") == label(source) && labels.at("domain") == domain) {
                gauge.Set(0);
            }
        });
        if (up || !server.empty()) {
            source_up.at(server_labels(source, domain, server)).Set(up ? 1 : 0);
        }
    }

    [[nodiscard]] bool is_declared(Source source, std::string_view domain) const {
        return declared.contains({source, std::string(domain)});
    }

    /// What was last known of a server that is used no more is not known now, and would never change again.
    void forget_unused(std::string_view domain) {
        std::set<std::string> unused;
        std::set<std::string> used;  // by any domain: two may be read from one server
        source_up.for_each([&](const Labels& labels, const Gauge& up) {
            if (up.Value() > 0) {
                used.insert(labels.at("server"));
            } else if (labels.at("source") == label(Source::ldap) && labels.at("domain") == domain) {
                unused.insert(labels.at("server"));
            }
        });
        std::erase_if(unused, [&used](const std::string& server) { return used.contains(server); });
        const auto was_known = [&unused](const char* name) {
            return [&unused, name](const Labels& labels) { return unused.contains(labels.at(name)); };
        };
        clock.remove_if(was_known("peer"));
        certificate.remove_if(was_known("endpoint"));
        for (const std::string& server : unused) {
            if (clock_peers.contains(server)) {
                clock.at({{"peer", server}});
            }
        }
    }

  private:
    void declare_source(Source source, const std::string& domain, const std::vector<std::string>& servers,
                        const std::vector<std::string>& failures) {
        declared.emplace(source, domain);
        for (const std::string& server : servers) {
            source_up.at(server_labels(source, domain, server));
        }
        if (servers.empty()) {  // to be discovered: a domain that never came up must be seen all the same
            source_up.at(server_labels(source, domain, ""));
        }
        polls.at(poll_labels(source, domain));
        poll_duration.at(poll_labels(source, domain), poll_bounds());
        last_success.at(poll_labels(source, domain));
        Labels failed = poll_labels(source, domain);
        for (const std::string& reason : failures) {
            failed["reason"] = reason;
            poll_failures.at(failed);
        }
    }

    void declare_graph(const DeclaredSources& sources) {
        for (const std::string& endpoint : sources.graph_endpoints) {
            for (const std::string& code : sources.graph_codes) {
                graph_requests.at({{"endpoint", endpoint}, {"code", code}});
            }
        }
        graph_throttled.at({});
    }

    void remove_undeclared(const DeclaredSources& sources) {
        const auto gone = [this](const Labels& labels) {
            return std::ranges::none_of(declared, [&labels](const auto& known) {
                return label(known.first) == labels.at("source") && known.second == labels.at("domain");
            });
        };
        source_up.remove_if(gone);
        polls.remove_if(gone);
        poll_failures.remove_if(gone);
        poll_duration.remove_if(gone);
        last_success.remove_if(gone);
        observed_up.remove_if([&sources](const Labels& labels) {
            return std::ranges::none_of(sources.directories, [&labels](const DirectorySource& directory) {
                return directory.domain == labels.at("domain") &&
                       std::ranges::find(directory.observed, labels.at("server")) != directory.observed.end();
            });
        });
        if (!sources.graph) {
            graph_requests.remove_if([](const Labels&) { return true; });
            graph_throttled.remove_if([](const Labels&) { return true; });
        }
        // What is still there is compared and probed again soon, and comes back then.
        const auto unlisted = [](const std::vector<std::string>& listed, const char* name) {
            return [&listed, name](const Labels& labels) {
                return std::ranges::find(listed, labels.at(name)) == listed.end();
            };
        };
        clock.remove_if(unlisted(sources.clock_peers, "peer"));
        certificate.remove_if(unlisted(sources.certificate_endpoints, "endpoint"));
    }
};

Instruments::Instruments(const DeclaredSources& sources, const BuildInfo& build) : impl_(std::make_unique<Impl>()) {
    impl_->declare(sources);
    impl_->reload_successful.at({});
    impl_->reload_time.at({});
    impl_->build.at({{"version", build.version}, {"revision", build.revision}, {"compiler", build.compiler}}).Set(1);
}

Instruments::~Instruments() = default;

void Instruments::declare(const DeclaredSources& sources) {
    const std::scoped_lock lock(impl_->mutex);
    impl_->declare(sources);
}

void Instruments::poll_succeeded(Source source, std::string_view domain, std::string_view server, Seconds duration,
                                 UnixTime now) {
    const std::scoped_lock lock(impl_->mutex);
    if (!impl_->is_declared(source, domain)) {
        return;  // a poll that ended after a reload took its domain away
    }
    impl_->polled(source, domain, duration);
    impl_->in_use(source, domain, server, true);
    impl_->last_success.at(poll_labels(source, domain)).Set(unix_seconds(now));
    if (source == Source::ldap) {
        impl_->forget_unused(domain);
    }
}

void Instruments::poll_failed(Source source, std::string_view domain, std::string_view server, std::string_view reason,
                              Seconds duration) {
    const std::scoped_lock lock(impl_->mutex);
    if (!impl_->is_declared(source, domain)) {
        return;
    }
    impl_->polled(source, domain, duration);
    impl_->in_use(source, domain, server, false);
    Labels labels = poll_labels(source, domain);
    labels["reason"] = std::string(reason);
    if (!impl_->poll_failures.has(labels)) {
        labels["reason"] = std::string(other);
    }
    impl_->poll_failures.at(labels).Increment();
}

void Instruments::observed_server(std::string_view domain, std::string_view server, bool up) {
    const std::scoped_lock lock(impl_->mutex);
    if (const Labels labels = observed_labels(domain, server); impl_->observed_up.has(labels)) {
        impl_->observed_up.at(labels).Set(up ? 1 : 0);
    }
}

void Instruments::graph_request(std::string_view endpoint, std::string_view code) {
    const std::scoped_lock lock(impl_->mutex);
    const auto closed = [](const std::set<std::string>& known, std::string_view value) {
        std::string text(value);
        return known.contains(text) ? text : std::string(other);
    };
    const Labels labels{{"endpoint", closed(impl_->graph_endpoints, endpoint)},
                        {"code", closed(impl_->graph_codes, code)}};
    impl_->graph_requests.at(labels).Increment();
}

void Instruments::graph_throttled(Seconds waited) {
    const std::scoped_lock lock(impl_->mutex);
    impl_->graph_throttled.at({}).Increment(waited.count());
}

void Instruments::clock_offset(std::string_view peer, Seconds offset) {
    const std::scoped_lock lock(impl_->mutex);
    impl_->clock.at({{"peer", std::string(peer)}}).Set(offset.count());
}

void Instruments::certificate_expiry(std::string_view endpoint, UnixTime not_after) {
    const std::scoped_lock lock(impl_->mutex);
    impl_->certificate.at({{"endpoint", std::string(endpoint)}}).Set(unix_seconds(not_after));
}

void Instruments::config_reloaded(bool successful, UnixTime now) {
    const std::scoped_lock lock(impl_->mutex);
    impl_->reload_successful.at({}).Set(successful ? 1 : 0);
    if (successful) {
        impl_->reload_time.at({}).Set(unix_seconds(now));
    }
}

std::vector<prometheus::MetricFamily> Instruments::collect() const {
    return impl_->registry.Collect();
}

}  // namespace keysyncd::metrics
