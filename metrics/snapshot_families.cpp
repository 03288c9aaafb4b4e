#include "metrics/snapshot_families.hpp"

#include <prometheus/metric_family.h>

#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "metrics/waiting_figures.hpp"

namespace keysyncd::metrics {
namespace {

using Labels = std::vector<prometheus::ClientMetric::Label>;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double ticks_per_second = 1e7;

/// Fills families in the order in which they are begun; add() and observe() go to the last one.
class Families {
  public:
    void begin(MetricType type, std::string name, std::string help) {
        done.push_back({std::move(name), std::move(help), type, {}});
    }
    void add(Labels labels, double value) {
        ClientMetric metric;
        metric.label = std::move(labels);
        if (done.back().type == MetricType::Counter) {
            metric.counter.value = value;
        } else {
            metric.gauge.value = value;
        }
        done.back().metric.push_back(std::move(metric));
    }
    void add(Labels labels, std::uint64_t value) { add(std::move(labels), static_cast<double>(value)); }
    void observe(Labels labels, const Histogram& histogram) {
        ClientMetric metric;
        metric.label = std::move(labels);
        auto& target = metric.histogram;
        target.bucket.reserve(histogram.buckets.size());
        for (std::size_t i = 0; i < histogram.buckets.size(); ++i) {
            target.sample_count += histogram.buckets[i];
            target.bucket.push_back({target.sample_count, i < delay_bounds.size()
                                                              ? delay_bounds[i]
                                                              : std::numeric_limits<double>::infinity()});
        }
        target.sample_sum = static_cast<double>(histogram.sum_ticks) / ticks_per_second;
        done.back().metric.push_back(std::move(metric));
    }

    std::vector<MetricFamily> done;
};

Labels domain_label(const DomainFigures& domain) {
    return {{"domain", domain.domain}};
}

Labels with(const DomainFigures& domain, const char* name, std::string_view value) {
    return {{"domain", domain.domain}, {name, std::string(value)}};
}

void add_usage_families(Families& families, const Snapshot& snapshot) {
    const auto each = [&](auto&& emit) {
        for (const DomainFigures& domain : snapshot.domains) {
            for (std::size_t usage = 0; usage < usage_labels.size(); ++usage) {
                emit(with(domain, "usage", usage_labels[usage]), domain.usage[usage]);
            }
        }
    };
    const auto counter = [&](const char* name, const char* help, std::uint64_t UsageFigures::* figure) {
        families.begin(MetricType::Counter, name, help);
        each([&](Labels labels, const UsageFigures& usage) { families.add(std::move(labels), usage.*figure); });
    };
    families.begin(MetricType::Histogram, "keysync_delay_seconds",
                   "From the registration of a key in Entra ID to its write in Active Directory.");
    each([&](Labels labels, const UsageFigures& usage) { families.observe(std::move(labels), usage.delay); });
    counter("keysync_missed_cycles_total", "Whole sync cycles that measured keys waited beyond their first, summed.",
            &UsageFigures::missed_cycles);
    counter("keysync_registrations_total", "Keys registered in Entra ID.", &UsageFigures::registrations);
    counter("keysync_writes_total", "Keys written in Active Directory.", &UsageFigures::writes);
    counter("keysync_removals_total", "Keys removed from Active Directory.", &UsageFigures::removals);
}

void add_measurements(Families& families, const Snapshot& snapshot) {
    families.begin(MetricType::Counter, "keysync_measurements_total",
                   "Delays measured, by precision: exact to a second, or bounded by two polls.");
    for (const DomainFigures& domain : snapshot.domains) {
        for (std::size_t i = 0; i < precision_labels.size(); ++i) {
            families.add(with(domain, "precision", precision_labels[i]), domain.measurements[i]);
        }
    }
}

std::uint64_t keys_in(const DomainFigures& domain, const WaitingFigures& waiting, std::size_t usage, State state) {
    switch (state) {
        case State::pending:
            return waiting.pending[usage];
        case State::overdue:
            return waiting.overdue[usage];
        default:
            return domain.usage[usage].keys[static_cast<std::size_t>(state)];
    }
}

void add_waiting_families(Families& families, const Snapshot& snapshot, Moment now) {
    std::vector<WaitingFigures> waiting;
    waiting.reserve(snapshot.domains.size());
    for (const DomainFigures& domain : snapshot.domains) {
        waiting.push_back(waiting_figures(domain, now));
    }
    families.begin(MetricType::Gauge, "keysync_keys", "Keys known, by state.");
    for (std::size_t d = 0; d < waiting.size(); ++d) {
        for (std::size_t usage = 0; usage < usage_labels.size(); ++usage) {
            for (std::size_t state = 0; state < state_labels.size(); ++state) {
                Labels labels = with(snapshot.domains[d], "usage", usage_labels[usage]);
                labels.push_back({"state", std::string(state_labels[state])});
                families.add(std::move(labels),
                             keys_in(snapshot.domains[d], waiting[d], usage, static_cast<State>(state)));
            }
        }
    }
    families.begin(MetricType::Gauge, "keysync_overdue_keys",
                   "Keys that wait for longer than keysync_overdue_after_seconds, by cause.");
    for (std::size_t d = 0; d < waiting.size(); ++d) {
        for (std::size_t cause = 0; cause < cause_labels.size(); ++cause) {
            families.add(with(snapshot.domains[d], "cause", cause_labels[cause]), waiting[d].overdue_by_cause[cause]);
        }
    }
    families.begin(MetricType::Gauge, "keysync_oldest_pending_registration_timestamp_seconds",
                   "When the key that waits longest was registered, in Unix seconds; 0 when none waits.");
    for (std::size_t d = 0; d < waiting.size(); ++d) {
        families.add(domain_label(snapshot.domains[d]), waiting[d].oldest_registration);
    }
}

void add_named_families(Families& families, const Snapshot& snapshot) {
    families.begin(MetricType::Histogram, "keysync_replication_delay_seconds",
                   "From the write of a key to its arrival on an observed domain controller.");
    for (const DomainFigures& domain : snapshot.domains) {
        for (const auto& [server, histogram] : domain.replication_delay) {
            families.observe(with(domain, "server", server), histogram);
        }
    }
    families.begin(MetricType::Gauge, "keysync_suspicious_keys",
                   "Keys with a security finding, by reason; one key may have several.");
    for (const DomainFigures& domain : snapshot.domains) {
        for (const auto& [reason, keys] : domain.suspicious_keys) {
            families.add(with(domain, "reason", reason), keys);
        }
    }
    families.begin(MetricType::Counter, "keysync_malformed_values_total",
                   "Key credential link values that did not decode, by kind of defect.");
    for (const DomainFigures& domain : snapshot.domains) {
        for (const auto& [kind, values] : domain.malformed_values) {
            families.add(with(domain, "kind", kind), values);
        }
    }
}

void add_domain_families(Families& families, const Snapshot& snapshot) {
    const auto family = [&](MetricType type, const char* name, const char* help, auto DomainFigures::* figure) {
        families.begin(type, name, help);
        for (const DomainFigures& domain : snapshot.domains) {
            families.add(domain_label(domain), domain.*figure);
        }
    };
    family(MetricType::Gauge, "keysync_last_write_timestamp_seconds",
           "When the newest key was written in Active Directory, in Unix seconds; 0 before the first.",
           &DomainFigures::last_write);
    family(MetricType::Gauge, "keysync_cycle_seconds", "Length of a sync cycle, as configured.",
           &DomainFigures::cycle_seconds);
    family(MetricType::Gauge, "keysync_overdue_after_seconds",
           "Age from which a waiting key is overdue, as configured.", &DomainFigures::overdue_after_seconds);
    family(MetricType::Gauge, "keysync_observed_cycle_seconds",
           "Length of a sync cycle, inferred from the writes; 0 while unknown.",
           &DomainFigures::observed_cycle_seconds);
    family(MetricType::Gauge, "keysync_last_cycle_timestamp_seconds",
           "When the last cycle that wrote keys ran, inferred from the writes; 0 while unknown.",
           &DomainFigures::last_cycle);
    family(MetricType::Gauge, "keysync_next_cycle_timestamp_seconds",
           "When the next cycle is expected, inferred from the writes; 0 while unknown.", &DomainFigures::next_cycle);
    family(MetricType::Counter, "keysync_ldap_entries_total", "Directory entries read.", &DomainFigures::entries);
    family(MetricType::Counter, "keysync_ldap_full_sweeps_total", "Full sweeps of the directory that ended well.",
           &DomainFigures::full_sweeps);
}

void add_single_series(Families& families, const Snapshot& snapshot) {
    families.begin(MetricType::Gauge, "keysync_entra_last_sync_timestamp_seconds",
                   "The tenant's last directory sync as Entra ID tells it, in Unix seconds; 0 while unknown.");
    families.add({}, snapshot.entra_last_sync);
    families.begin(MetricType::Counter, "keysync_registration_gap_seconds_total",
                   "Time of the audit log that was gone before it could be read.");
    families.add({}, snapshot.registration_gap_seconds);
    families.begin(MetricType::Counter, "keysync_malformed_records_total",
                   "Records of the audit log that should tell of a key but could not be read, by source.");
    families.add({{"source", "audit_file"}}, snapshot.malformed_file_records);
    families.add({{"source", "graph"}}, snapshot.malformed_graph_records);
    families.begin(MetricType::Gauge, "keysync_ledger_size_bytes", "Size of the ledger file with its write-ahead log.");
    families.add({}, snapshot.ledger_size_bytes);
    families.begin(MetricType::Counter, "keysync_ledger_commit_failures_total",
                   "Transactions of the ledger that could not be committed.");
    families.add({}, snapshot.ledger_commit_failures);
    families.begin(MetricType::Counter, "keysync_ledger_rebuilds_total",
                   "Times that a damaged ledger was set aside and built anew from the sources.");
    families.add({}, snapshot.ledger_rebuilds);
}

}  // namespace

std::vector<MetricFamily> snapshot_families(const Snapshot& snapshot, Moment now) {
    Families families;
    add_usage_families(families, snapshot);
    add_measurements(families, snapshot);
    add_waiting_families(families, snapshot, now);
    add_named_families(families, snapshot);
    add_domain_families(families, snapshot);
    add_single_series(families, snapshot);
    return std::move(families.done);
}

}  // namespace keysyncd::metrics
