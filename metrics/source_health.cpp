#include "metrics/source_health.hpp"

#include <prometheus/metric_family.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace keysyncd::metrics {
namespace {

using prometheus::ClientMetric;

std::string label(const ClientMetric& metric, std::string_view name) {
    const auto found = std::ranges::find(metric.label, name, &ClientMetric::Label::name);
    return found == metric.label.end() ? std::string{} : found->value;
}

}  // namespace

std::vector<SourceHealth> source_health(const Instruments& instruments) {
    std::map<std::pair<std::string, std::string>, SourceHealth> sources;
    const auto families = instruments.collect();
    const auto each = [&](std::string_view family, auto&& action) {
        const auto found = std::ranges::find(families, family, &prometheus::MetricFamily::name);
        for (const ClientMetric& metric : found == families.end() ? std::vector<ClientMetric>{} : found->metric) {
            action(metric);
        }
    };
    // This family has exactly one series a source and domain.
    each("keysync_last_success_timestamp_seconds", [&](const ClientMetric& metric) {
        SourceHealth health{.source = label(metric, "source"), .domain = label(metric, "domain")};
        health.last_success = metric.gauge.value;
        sources.emplace(std::pair{health.source, health.domain}, health);
    });
    each("keysync_source_up", [&](const ClientMetric& metric) {
        const auto known = sources.find({label(metric, "source"), label(metric, "domain")});
        if (known != sources.end() && metric.gauge.value > 0) {
            known->second.up = true;
            known->second.server = label(metric, "server");
        }
    });
    std::vector<SourceHealth> all;
    all.reserve(sources.size());
    for (auto& [key, health] : sources) {
        all.push_back(std::move(health));
    }
    return all;
}

}  // namespace keysyncd::metrics
