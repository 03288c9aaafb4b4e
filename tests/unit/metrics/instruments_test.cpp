#include "metrics/instruments.hpp"

#include <doctest/doctest.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <optional>
#include <thread>

using namespace keysyncd::metrics;
using namespace std::chrono_literals;

namespace {

using Labels = std::vector<prometheus::ClientMetric::Label>;

DeclaredSources two_domains() {
    return {.directories = {{"a.example", {"ldaps://dc1.a", "ldaps://dc2.a"}}, {"b.example", {}}},
            .graph = true,
            .directory_failures = {"connect", "timeout", "bind"},
            .graph_failures = {"token", "throttled"},
            .graph_endpoints = {"token", "audit"},
            .graph_codes = {"200", "429", "error"}};
}

const BuildInfo build{"1.2.3", "abcdef", "g++ 12"};

std::optional<prometheus::ClientMetric> find(const Instruments& instruments, std::string_view name, Labels labels) {
    std::sort(labels.begin(), labels.end());
    for (const auto& family : instruments.collect()) {
        for (auto metric : family.metric) {
            std::sort(metric.label.begin(), metric.label.end());
            if (family.name == name && metric.label == labels) {
                return metric;
            }
        }
    }
    return std::nullopt;
}

double gauge(const Instruments& instruments, std::string_view name, Labels labels) {
    const auto metric = find(instruments, name, std::move(labels));
    REQUIRE_MESSAGE(metric, "no such series of ", name);
    return metric->gauge.value;
}

double counter(const Instruments& instruments, std::string_view name, Labels labels) {
    const auto metric = find(instruments, name, std::move(labels));
    REQUIRE_MESSAGE(metric, "no such series of ", name);
    return metric->counter.value;
}

Labels server(std::string domain, std::string name) {
    return {{"source", "ldap"}, {"domain", std::move(domain)}, {"server", std::move(name)}};
}
Labels ldap(std::string domain) {
    return {{"source", "ldap"}, {"domain", std::move(domain)}};
}

constexpr UnixTime now{Seconds(1763900000.25)};

}  // namespace

TEST_CASE("what was declared exists at 0 before anything happened") {
    const Instruments instruments(two_domains(), build);
    CHECK(gauge(instruments, "keysync_source_up", server("a.example", "ldaps://dc1.a")) == 0);
    CHECK(gauge(instruments, "keysync_source_up", server("a.example", "ldaps://dc2.a")) == 0);
    CHECK(gauge(instruments, "keysync_source_up", server("b.example", "")) == 0);  // to be discovered
    CHECK(gauge(instruments, "keysync_source_up", {{"source", "graph"}, {"domain", ""}, {"server", ""}}) == 0);
    CHECK(counter(instruments, "keysync_polls_total", ldap("a.example")) == 0);
    CHECK(counter(instruments, "keysync_poll_failures_total",
                  {{"source", "graph"}, {"domain", ""}, {"reason", "throttled"}}) == 0);
    CHECK(counter(instruments, "keysync_graph_requests_total", {{"endpoint", "audit"}, {"code", "429"}}) == 0);
    CHECK(counter(instruments, "keysync_graph_throttled_seconds_total", {}) == 0);
    CHECK(gauge(instruments, "keysync_last_success_timestamp_seconds", ldap("b.example")) == 0);
    CHECK(gauge(instruments, "keysync_build_info",
                {{"version", "1.2.3"}, {"revision", "abcdef"}, {"compiler", "g++ 12"}}) == 1);
    CHECK_FALSE(find(instruments, "keysync_polls_total", {{"source", "audit_file"}, {"domain", ""}}));
}

TEST_CASE("polls are counted, timed and dated") {
    Instruments instruments(two_domains(), build);
    instruments.poll_succeeded(Source::ldap, "a.example", "ldaps://dc1.a", 50ms, now);
    instruments.poll_failed(Source::ldap, "a.example", "ldaps://dc1.a", "timeout", 20s);
    CHECK(counter(instruments, "keysync_polls_total", ldap("a.example")) == 2);
    CHECK(counter(instruments, "keysync_poll_failures_total",
                  {{"source", "ldap"}, {"domain", "a.example"}, {"reason", "timeout"}}) == 1);
    CHECK(gauge(instruments, "keysync_last_success_timestamp_seconds", ldap("a.example")) == 1763900000.25);
    const auto duration = find(instruments, "keysync_poll_duration_seconds", ldap("a.example"));
    REQUIRE(duration);
    CHECK(duration->histogram.sample_count == 2);
    CHECK(duration->histogram.sample_sum == doctest::Approx(20.05));
    CHECK(counter(instruments, "keysync_polls_total", ldap("b.example")) == 0);
}

TEST_CASE("keysync_source_up follows the server in use and never loses the others") {
    Instruments instruments(two_domains(), build);
    const auto up = [&](const char* name) {
        return gauge(instruments, "keysync_source_up", server("a.example", name));
    };
    instruments.poll_succeeded(Source::ldap, "a.example", "ldaps://dc1.a", 1ms, now);
    CHECK(up("ldaps://dc1.a") == 1);
    instruments.poll_succeeded(Source::ldap, "a.example", "ldaps://dc2.a", 1ms, now);
    CHECK(up("ldaps://dc1.a") == 0);
    CHECK(up("ldaps://dc2.a") == 1);
    instruments.poll_failed(Source::ldap, "a.example", "", "connect", 1ms);
    CHECK(up("ldaps://dc1.a") == 0);
    CHECK(up("ldaps://dc2.a") == 0);
    instruments.poll_succeeded(Source::ldap, "a.example", "ldaps://dc1.a", 1ms, now);
    instruments.poll_succeeded(Source::ldap, "b.example", "ldaps://dc1.b", 1ms, now);
    CHECK(up("ldaps://dc1.a") == 1);
}

TEST_CASE("an observed server that answers does not hide a domain that is down") {
    DeclaredSources sources = two_domains();
    sources.directories[0].observed = {"ldaps://dc9.branch", "ldaps://dc2.a"};
    Instruments instruments(sources, build);
    const auto observed = [&](const char* name) {
        return gauge(instruments, "keysync_observed_server_up", {{"domain", "a.example"}, {"server", name}});
    };
    CHECK(observed("ldaps://dc9.branch") == 0);
    instruments.observed_server("a.example", "ldaps://dc9.branch", true);
    instruments.observed_server("a.example", "ldaps://dc2.a", true);  // one that is polled as well
    instruments.observed_server("a.example", "ldaps://dc8.undeclared", true);
    instruments.poll_failed(Source::ldap, "a.example", "ldaps://dc1.a", "connect", 1ms);
    CHECK(observed("ldaps://dc9.branch") == 1);
    CHECK(observed("ldaps://dc2.a") == 1);
    CHECK_FALSE(find(instruments, "keysync_source_up", server("a.example", "ldaps://dc9.branch")));
    CHECK(gauge(instruments, "keysync_source_up", server("a.example", "ldaps://dc2.a")) == 0);
    CHECK_FALSE(find(instruments, "keysync_observed_server_up",
                     {{"domain", "a.example"}, {"server", "ldaps://dc8.undeclared"}}));
    sources.directories[0].observed = {"ldaps://dc2.a"};
    instruments.declare(sources);
    CHECK(observed("ldaps://dc2.a") == 1);
    CHECK_FALSE(
        find(instruments, "keysync_observed_server_up", {{"domain", "a.example"}, {"server", "ldaps://dc9.branch"}}));
}

TEST_CASE("after a failover nothing is told of the other server's clock and certificate") {
    DeclaredSources sources = two_domains();
    sources.clock_peers = {"ldaps://dc1.a", "ldaps://dc2.a", "graph"};
    Instruments instruments(sources, build);
    const auto polled = [&](const char* name, Seconds offset) {
        instruments.poll_succeeded(Source::ldap, "a.example", name, 1ms, now);
        instruments.clock_offset(name, offset);
        instruments.certificate_expiry(name, now + 24h);
    };
    instruments.clock_offset("graph", 3s);
    instruments.certificate_expiry("entra_client", now);
    instruments.poll_succeeded(Source::ldap, "b.example", "ldaps://dc1.b", 1ms, now);
    instruments.clock_offset("ldaps://dc1.b", 4s);
    polled("ldaps://dc1.b", 4s);  // read for both domains
    polled("ldaps://dc1.a", 60s);
    instruments.poll_failed(Source::ldap, "a.example", "ldaps://dc1.a", "tls", 1ms);
    CHECK(find(instruments, "keysync_certificate_expiry_timestamp_seconds", {{"endpoint", "ldaps://dc1.a"}}));
    polled("ldaps://dc2.a", 2s);
    CHECK(gauge(instruments, "keysync_clock_offset_seconds", {{"peer", "ldaps://dc1.a"}}) == 0);
    CHECK_FALSE(find(instruments, "keysync_certificate_expiry_timestamp_seconds", {{"endpoint", "ldaps://dc1.a"}}));
    CHECK(gauge(instruments, "keysync_clock_offset_seconds", {{"peer", "ldaps://dc2.a"}}) == 2);
    CHECK(gauge(instruments, "keysync_clock_offset_seconds", {{"peer", "ldaps://dc1.b"}}) == 4);
    CHECK(gauge(instruments, "keysync_clock_offset_seconds", {{"peer", "graph"}}) == 3);
    CHECK(find(instruments, "keysync_certificate_expiry_timestamp_seconds", {{"endpoint", "entra_client"}}));
    CHECK(find(instruments, "keysync_certificate_expiry_timestamp_seconds", {{"endpoint", "ldaps://dc2.a"}}));
}

TEST_CASE("reasons, endpoints and codes that nobody declared do not make new series") {
    Instruments instruments(two_domains(), build);
    for (const char* strange : {"x1", "x2", "x3"}) {
        instruments.poll_failed(Source::ldap, "a.example", "", strange, 1ms);
        instruments.graph_request("audit", strange);
        instruments.graph_request(strange, "200");
    }
    CHECK(counter(instruments, "keysync_poll_failures_total",
                  {{"source", "ldap"}, {"domain", "a.example"}, {"reason", "other"}}) == 3);
    CHECK(counter(instruments, "keysync_graph_requests_total", {{"endpoint", "audit"}, {"code", "other"}}) == 3);
    CHECK(counter(instruments, "keysync_graph_requests_total", {{"endpoint", "other"}, {"code", "200"}}) == 3);
}

TEST_CASE("a reload adds, keeps and takes away sources") {
    Instruments instruments(two_domains(), build);
    instruments.poll_succeeded(Source::ldap, "a.example", "ldaps://dc1.a", 1ms, now);
    instruments.clock_offset("dc1.a", 2s);
    instruments.clock_offset("dc1.b", 3s);
    DeclaredSources fewer = two_domains();
    fewer.directories = {{"a.example", {"ldaps://dc1.a"}}, {"c.example", {"ldaps://dc1.c"}}};
    fewer.graph = false;
    fewer.clock_peers = {"dc1.a"};
    instruments.declare(fewer);
    CHECK(counter(instruments, "keysync_polls_total", ldap("a.example")) == 1);
    CHECK(gauge(instruments, "keysync_source_up", server("a.example", "ldaps://dc1.a")) == 1);
    CHECK(counter(instruments, "keysync_polls_total", ldap("c.example")) == 0);
    CHECK_FALSE(find(instruments, "keysync_polls_total", ldap("b.example")));
    CHECK_FALSE(find(instruments, "keysync_polls_total", {{"source", "graph"}, {"domain", ""}}));
    CHECK_FALSE(find(instruments, "keysync_graph_requests_total", {{"endpoint", "audit"}, {"code", "200"}}));
    CHECK(gauge(instruments, "keysync_clock_offset_seconds", {{"peer", "dc1.a"}}) == 2);
    CHECK_FALSE(find(instruments, "keysync_clock_offset_seconds", {{"peer", "dc1.b"}}));
    instruments.poll_succeeded(Source::ldap, "b.example", "ldaps://dc1.b", 1ms, now);  // its worker was still at it
    CHECK_FALSE(find(instruments, "keysync_polls_total", ldap("b.example")));
}

TEST_CASE("a failed reload keeps the time of the one in force") {
    Instruments instruments(two_domains(), build);
    instruments.config_reloaded(true, now);
    instruments.config_reloaded(false, now + 60s);
    CHECK(gauge(instruments, "keysync_config_last_reload_successful", {}) == 0);
    CHECK(gauge(instruments, "keysync_config_last_reload_success_timestamp_seconds", {}) == 1763900000.25);
}

TEST_CASE("certificates of the year 9999 do not overflow") {
    using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;
    Instruments instruments(two_domains(), build);
    instruments.certificate_expiry("ldaps://dc1", std::chrono::sys_time<Ticks>(std::chrono::seconds(253402300799)));
    CHECK(gauge(instruments, "keysync_certificate_expiry_timestamp_seconds", {{"endpoint", "ldaps://dc1"}}) ==
          253402300799);
}

TEST_CASE("workers and scrapes at the same time") {
    Instruments instruments(two_domains(), build);
    constexpr int rounds = 500;
    {
        const auto work = [&instruments](const char* name) {
            for (int i = 0; i < rounds; ++i) {
                instruments.poll_succeeded(Source::ldap, "a.example", name, 1ms, now);
                instruments.graph_request("audit", "200");
            }
        };
        const std::jthread first(work, "ldaps://dc1.a");
        const std::jthread second(work, "ldaps://dc2.a");
        for (int i = 0; i < 20; ++i) {
            CHECK(instruments.collect().size() > 5);
            instruments.declare(two_domains());
        }
    }
    CHECK(counter(instruments, "keysync_polls_total", ldap("a.example")) == 2 * rounds);
    CHECK(counter(instruments, "keysync_graph_requests_total", {{"endpoint", "audit"}, {"code", "200"}}) == 2 * rounds);
}
