#include "metrics/snapshot_families.hpp"

#include <doctest/doctest.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <limits>
#include <string>

#include "metrics/waiting_figures.hpp"

using namespace keysyncd::metrics;
using namespace std::chrono_literals;

namespace {

constexpr Moment noon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 12h};

std::int64_t registered(std::chrono::seconds before_noon) {
    return (noon - before_noon).time_since_epoch().count();
}

DomainFigures domain_of(std::string name) {
    DomainFigures domain;
    domain.domain = std::move(name);
    domain.cycle_seconds = 1800;
    domain.overdue_after_seconds = 3900;
    return domain;
}

const prometheus::MetricFamily& family(const std::vector<prometheus::MetricFamily>& families, std::string_view name) {
    const auto found = std::ranges::find(families, name, &prometheus::MetricFamily::name);
    REQUIRE_MESSAGE(found != families.end(), "no family ", name);
    return *found;
}

const prometheus::ClientMetric& series(const std::vector<prometheus::MetricFamily>& families, std::string_view name,
                                       const std::vector<prometheus::ClientMetric::Label>& labels) {
    const auto& all = family(families, name).metric;
    const auto found = std::ranges::find(all, labels, &prometheus::ClientMetric::label);
    REQUIRE_MESSAGE(found != all.end(), "no such series of ", name);
    return *found;
}

}  // namespace

TEST_CASE("every label set of a domain that has seen nothing exists at 0") {
    Snapshot snapshot;
    snapshot.domains = {domain_of("corp.example.com"), domain_of("other.example.com")};
    const auto families = snapshot_families(snapshot, noon);
    CHECK(family(families, "keysync_delay_seconds").metric.size() == 2 * 3);
    CHECK(family(families, "keysync_keys").metric.size() == 2 * 3 * 7);
    CHECK(family(families, "keysync_overdue_keys").metric.size() == 2 * 6);
    CHECK(family(families, "keysync_measurements_total").metric.size() == 2 * 2);
    for (const char* name : {"keysync_missed_cycles_total", "keysync_registrations_total", "keysync_writes_total",
                             "keysync_removals_total"}) {
        CAPTURE(name);
        CHECK(family(families, name).metric.size() == 2 * 3);
        CHECK(family(families, name).type == prometheus::MetricType::Counter);
        for (const auto& metric : family(families, name).metric) {
            CHECK(metric.counter.value == 0);
        }
    }
    CHECK(family(families, "keysync_entra_last_sync_timestamp_seconds").metric.size() == 1);
    CHECK(series(families, "keysync_cycle_seconds", {{"domain", "corp.example.com"}}).gauge.value == 1800);
    CHECK(series(families, "keysync_overdue_after_seconds", {{"domain", "other.example.com"}}).gauge.value == 3900);
}

TEST_CASE("HELP is one line without what the serializer does not escape") {
    for (const auto& each : snapshot_families(Snapshot{}, noon)) {
        CAPTURE(each.name);
        CHECK_FALSE(each.help.empty());
        CHECK(each.help.find_first_of("\n\\") == std::string::npos);
    }
}

TEST_CASE("histogram buckets are cumulative and the sum is in seconds") {
    Snapshot snapshot;
    snapshot.domains = {domain_of("d")};
    Histogram& delay = snapshot.domains[0].usage[1].delay;
    for (const auto waited : {30s, 60s, 61s, 1800s, 90000s}) {
        delay.observe(waited);
    }
    const auto families = snapshot_families(snapshot, noon);
    const auto& histogram = series(families, "keysync_delay_seconds", {{"domain", "d"}, {"usage", "FIDO"}}).histogram;
    REQUIRE(histogram.bucket.size() == 16);
    CHECK(histogram.sample_count == 5);
    CHECK(histogram.sample_sum == doctest::Approx(30 + 60 + 61 + 1800 + 90000));
    CHECK(histogram.bucket[0].upper_bound == 60);
    CHECK(histogram.bucket[0].cumulative_count == 2);  // a delay on the bound belongs to it: le
    CHECK(histogram.bucket[1].cumulative_count == 3);
    CHECK(histogram.bucket[6].upper_bound == 1800);
    CHECK(histogram.bucket[6].cumulative_count == 4);
    CHECK(histogram.bucket[14].cumulative_count == 4);
    CHECK(histogram.bucket[15].upper_bound == std::numeric_limits<double>::infinity());
    CHECK(histogram.bucket[15].cumulative_count == 5);
}

TEST_CASE("a waiting key turns overdue at the very moment its age reaches overdue_after") {
    DomainFigures domain = domain_of("d");
    domain.waiting = {{.registered_at = registered(3900s), .usage = Usage::ngc, .cause = Cause::account_disabled},
                      {.registered_at = registered(3900s) + 1, .usage = Usage::ngc, .cause = Cause::account_disabled}};
    const WaitingFigures figures = waiting_figures(domain, noon);
    CHECK(figures.overdue[0] == 1);
    CHECK(figures.pending[0] == 1);
    CHECK(figures.overdue_by_cause[static_cast<std::size_t>(Cause::account_disabled)] == 1);
    CHECK(figures.oldest_registration == doctest::Approx(static_cast<double>(registered(3900s)) / 1e7));
    CHECK(waiting_figures(domain, noon + 1s).overdue[0] == 2);
}

TEST_CASE("keys that do not alert are counted by state only") {
    Snapshot snapshot;
    snapshot.domains = {domain_of("d")};
    snapshot.domains[0].waiting = {
        {.registered_at = registered(9000s), .usage = Usage::fido, .cause = Cause::unknown, .alerts = false},
        {.registered_at = registered(60s), .usage = Usage::fido, .cause = Cause::unknown, .alerts = false}};
    const auto families = snapshot_families(snapshot, noon);
    CHECK(series(families, "keysync_keys", {{"domain", "d"}, {"usage", "FIDO"}, {"state", "overdue"}}).gauge.value ==
          1);
    CHECK(series(families, "keysync_keys", {{"domain", "d"}, {"usage", "FIDO"}, {"state", "pending"}}).gauge.value ==
          1);
    CHECK(series(families, "keysync_overdue_keys", {{"domain", "d"}, {"cause", "unknown"}}).gauge.value == 0);
    CHECK(series(families, "keysync_oldest_pending_registration_timestamp_seconds", {{"domain", "d"}}).gauge.value ==
          0);
}

TEST_CASE("named figures become series of their own") {
    Snapshot snapshot;
    snapshot.domains = {domain_of("d")};
    DomainFigures& domain = snapshot.domains[0];
    domain.malformed_values["truncated"] = 3;
    domain.suspicious_keys["roca"] = 0;
    domain.replication_delay["ldaps://dc9"].observe(5s);
    domain.usage[2].keys[static_cast<std::size_t>(State::local)] = 7;
    domain.last_write = 1763900000.5;
    snapshot.ledger_size_bytes = 4096;
    const auto families = snapshot_families(snapshot, noon);
    CHECK(series(families, "keysync_malformed_values_total", {{"domain", "d"}, {"kind", "truncated"}}).counter.value ==
          3);
    CHECK(series(families, "keysync_suspicious_keys", {{"domain", "d"}, {"reason", "roca"}}).gauge.value == 0);
    CHECK(series(families, "keysync_replication_delay_seconds", {{"domain", "d"}, {"server", "ldaps://dc9"}})
              .histogram.sample_count == 1);
    CHECK(series(families, "keysync_keys", {{"domain", "d"}, {"usage", "Other"}, {"state", "local"}}).gauge.value == 7);
    CHECK(series(families, "keysync_last_write_timestamp_seconds", {{"domain", "d"}}).gauge.value == 1763900000.5);
    CHECK(series(families, "keysync_ledger_size_bytes", {}).gauge.value == 4096);
}
