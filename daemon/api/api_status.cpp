#include "daemon/api/api_status.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>

#include "entra/graph_time.hpp"
#include "metrics/waiting_figures.hpp"

namespace keysyncd::daemon {
namespace {

namespace json = boost::json;
using metrics::DomainFigures;
using metrics::UsageFigures;
using metrics::WaitingFigures;

/// Unix seconds, where 0 means that it is not known.
json::value time_or_null(double unix_seconds) {
    if (unix_seconds <= 0) {
        return nullptr;
    }
    const metrics::Moment::duration ticks(std::llround(unix_seconds * 1e7));
    return json::value(entra::format_rfc3339(metrics::Moment(ticks), 3));
}

json::value flag(const std::optional<bool>& value) {
    return value ? json::value(*value) : json::value(nullptr);
}

json::object delay_json(const metrics::Histogram& delay) {
    return {{"bounds", json::array(metrics::delay_bounds.begin(), metrics::delay_bounds.end())},
            {"counts", json::array(delay.buckets.begin(), delay.buckets.end())},
            {"count", delay.count()},
            {"sum_seconds", static_cast<double>(delay.sum_ticks) / 1e7}};
}

json::object usage_json(const UsageFigures& figures, const WaitingFigures& waiting, std::size_t usage) {
    json::object keys;
    for (std::size_t state = 0; state < metrics::state_labels.size(); ++state) {
        keys[metrics::state_labels[state]] = figures.keys[state];
    }
    keys["pending"] = waiting.pending[usage];
    keys["overdue"] = waiting.overdue[usage];
    return {
        {"keys", std::move(keys)},  {"missed_cycles", figures.missed_cycles}, {"registrations", figures.registrations},
        {"writes", figures.writes}, {"removals", figures.removals},           {"delay", delay_json(figures.delay)}};
}

json::object domain_json(const DomainFigures& domain, metrics::Moment now) {
    const WaitingFigures waiting = metrics::waiting_figures(domain, now);
    json::object causes;
    for (std::size_t cause = 0; cause < metrics::cause_labels.size(); ++cause) {
        causes[metrics::cause_labels[cause]] = waiting.overdue_by_cause[cause];
    }
    json::object suspicious;
    for (const auto& [reason, keys] : domain.suspicious_keys) {
        suspicious[reason] = keys;
    }
    json::object usages;
    for (std::size_t usage = 0; usage < metrics::usage_labels.size(); ++usage) {
        usages[metrics::usage_labels[usage]] = usage_json(domain.usage[usage], waiting, usage);
    }
    const double observed = domain.observed_cycle_seconds;
    return {{"domain", domain.domain},
            {"cycle_seconds", domain.cycle_seconds},
            {"overdue_after_seconds", domain.overdue_after_seconds},
            {"observed_cycle_seconds", observed > 0 ? json::value(observed) : json::value(nullptr)},
            {"last_write", time_or_null(domain.last_write)},
            {"last_cycle", time_or_null(domain.last_cycle)},
            {"next_cycle", time_or_null(domain.next_cycle)},
            {"oldest_pending_registration", time_or_null(waiting.oldest_registration)},
            {"overdue_by_cause", std::move(causes)},
            {"suspicious_keys", std::move(suspicious)},
            {"usages", std::move(usages)}};
}

}  // namespace

std::string status_json(const ApiStatus& status, const metrics::Snapshot& snapshot,
                        const std::vector<metrics::SourceHealth>& sources, metrics::Moment now) {
    json::array domains;
    for (const DomainFigures& domain : snapshot.domains) {
        domains.push_back(domain_json(domain, now));
    }
    json::array health;
    for (const metrics::SourceHealth& source : sources) {
        health.push_back(json::object{{"source", source.source},
                                      {"domain", source.domain},
                                      {"server", source.server},
                                      {"up", source.up},
                                      {"last_success", time_or_null(source.last_success)}});
    }
    return json::serialize(json::object{
        {"now", entra::format_rfc3339(now, 3)},
        {"version", status.version},
        {"ready", !status.not_ready},
        {"not_ready", status.not_ready ? json::value(*status.not_ready) : json::value(nullptr)},
        {"users_shown", status.users_shown},
        {"entra_last_sync", time_or_null(snapshot.entra_last_sync)},
        {"entra_sync", json::object{{"enabled", flag(snapshot.entra_sync.enabled)},
                                    {"last_password_sync", time_or_null(snapshot.entra_last_password_sync)},
                                    {"password_sync", flag(snapshot.entra_sync.password_sync)},
                                    {"device_writeback", flag(snapshot.entra_sync.device_writeback)},
                                    {"user_writeback", flag(snapshot.entra_sync.user_writeback)}}},
        {"domains", std::move(domains)},
        {"sources", std::move(health)}});
}

}  // namespace keysyncd::daemon
