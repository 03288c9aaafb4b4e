#include "daemon/ledger/figures_store.hpp"

#include <functional>
#include <string_view>

#include "daemon/rules/malformed_kinds.hpp"
#include "ldap/key_findings.hpp"
#include "ldap/key_value.hpp"

namespace keysyncd::daemon {
namespace {

using metrics::DomainFigures;

// Names every stored number of a domain once, for loading and saving alike. Visitor: void(std::string name, value&).
template <typename Figures, typename Visitor>
void visit(Figures& figures, const Visitor& visitor) {
    for (std::size_t u = 0; u < metrics::usage_labels.size(); ++u) {
        const std::string usage = "." + std::string{metrics::usage_labels[u]};
        auto& of = figures.usage[u];
        for (std::size_t b = 0; b < of.delay.buckets.size(); ++b) {
            visitor("delay.bucket." + std::to_string(b) + usage, of.delay.buckets[b]);
        }
        visitor("delay.sum" + usage, of.delay.sum_ticks);
        visitor("missed_cycles" + usage, of.missed_cycles);
        visitor("registrations" + usage, of.registrations);
        visitor("writes" + usage, of.writes);
        visitor("removals" + usage, of.removals);
        for (std::size_t s = 0; s < of.keys.size(); ++s) {
            visitor("keys." + std::string{metrics::state_labels[s]} + usage, of.keys[s]);
        }
    }
    for (std::size_t p = 0; p < figures.measurements.size(); ++p) {
        visitor("measurements." + std::string{metrics::precision_labels[p]}, figures.measurements[p]);
    }
    visitor("entries", figures.entries);
    visitor("full_sweeps", figures.full_sweeps);
}

constexpr std::string_view malformed_prefix = "malformed.";
constexpr std::string_view suspicious_prefix = "suspicious.";
constexpr std::string_view replication_prefix = "replication.";

template <typename Figures, typename Visitor>
void visit_open_sets(Figures& figures, const Visitor& visitor) {
    for (auto& [kind, count] : figures.malformed_values) {
        visitor(std::string{malformed_prefix} + kind, count);
    }
    for (auto& [reason, count] : figures.suspicious_keys) {
        visitor(std::string{suspicious_prefix} + reason, count);
    }
    for (auto& [server, histogram] : figures.replication_delay) {
        for (std::size_t b = 0; b < histogram.buckets.size(); ++b) {
            visitor(std::string{replication_prefix} + std::to_string(b) + "." + server, histogram.buckets[b]);
        }
        visitor(std::string{replication_prefix} + "sum." + server, histogram.sum_ticks);
    }
}

using Numbers = std::map<std::string, std::int64_t>;

Numbers numbers_of(const DomainFigures& figures) {
    Numbers numbers;
    const auto collect = [&](std::string name, const auto& value) {
        numbers.emplace(std::move(name), static_cast<std::int64_t>(value));
    };
    visit(figures, collect);
    visit_open_sets(figures, collect);
    return numbers;
}

void restore_open_set(DomainFigures& figures, std::string_view name, std::int64_t value) {
    if (name.starts_with(malformed_prefix)) {
        figures.malformed_values[std::string{name.substr(malformed_prefix.size())}] = static_cast<std::uint64_t>(value);
    } else if (name.starts_with(suspicious_prefix)) {
        figures.suspicious_keys[std::string{name.substr(suspicious_prefix.size())}] = static_cast<std::uint64_t>(value);
    } else if (name.starts_with(replication_prefix)) {
        const std::string_view rest = name.substr(replication_prefix.size());
        const std::size_t dot = rest.find('.');
        metrics::Histogram& histogram = figures.replication_delay[std::string{rest.substr(dot + 1)}];
        if (rest.substr(0, dot) == "sum") {
            histogram.sum_ticks = value;
        } else {
            histogram.buckets.at(std::stoul(std::string{rest.substr(0, dot)})) = static_cast<std::uint64_t>(value);
        }
    }
}

}  // namespace

FiguresStore::FiguresStore(Database& database)
    : load_(database.prepare("SELECT name, value FROM figures WHERE domain_id = ?")),
      upsert_(database.prepare("INSERT INTO figures (domain_id, name, value) VALUES (?, ?, ?) "
                               "ON CONFLICT (domain_id, name) DO UPDATE SET value = excluded.value")) {}

void FiguresStore::add_domain(DomainId id, const std::string& name) {
    DomainFigures figures;
    figures.domain = name;
    Numbers stored;
    load_.bind(id);
    while (load_.step()) {
        stored.emplace(std::string{load_.text(0)}, load_.integer(1));
    }
    load_.reset();
    visit(figures, [&](const std::string& figure, auto& value) {
        if (const auto found = stored.find(figure); found != stored.end()) {
            value = static_cast<std::remove_reference_t<decltype(value)>>(found->second);
        }
    });
    for (const auto& [figure, value] : stored) {
        restore_open_set(figures, figure, value);
    }
    // A series that begins with 1 is no increase to Prometheus: every known one is there from the start.
    for (const std::string_view kind : ldap::malformed_kinds()) {
        figures.malformed_values.try_emplace(std::string{kind}, 0);
    }
    for (const std::string_view kind : {creation_time_missing, created_after_written}) {
        figures.malformed_values.try_emplace(std::string{kind}, 0);
    }
    for (std::uint8_t i = 0; i < ldap::key_finding_count; ++i) {
        figures.suspicious_keys.try_emplace(std::string{ldap::to_string(static_cast<ldap::KeyFinding>(i))}, 0);
    }
    committed_[id] = figures;
    working_[id] = std::move(figures);
}

metrics::DomainFigures& FiguresStore::of(DomainId id) {
    return working_.at(id);
}

void FiguresStore::save() {
    for (const auto& [id, figures] : working_) {
        const Numbers before = numbers_of(committed_.at(id));
        for (const auto& [name, value] : numbers_of(figures)) {
            const auto found = before.find(name);
            if (found == before.end() || found->second != value) {
                upsert_.bind(id, name, value).run();
            }
        }
    }
}

}  // namespace keysyncd::daemon
