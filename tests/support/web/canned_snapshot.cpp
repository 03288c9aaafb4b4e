#include "canned_snapshot.hpp"

#include <string>

namespace keysyncd::tests {
namespace {

using namespace std::chrono_literals;
using metrics::Cause;
using metrics::Moment;
using metrics::State;
using metrics::Usage;

double unix_seconds(Moment time) {
    return std::chrono::duration<double>(time.time_since_epoch()).count();
}

metrics::Waiting waiting(Moment now, std::chrono::seconds age, Usage usage, Cause cause) {
    return {.registered_at = (now - age).time_since_epoch().count(), .usage = usage, .cause = cause};
}

metrics::DomainFigures domain(std::string name, Moment now, std::uint64_t weight, std::uint64_t growth) {
    metrics::DomainFigures figures;
    figures.domain = std::move(name);
    for (std::size_t usage = 0; usage < figures.usage.size(); ++usage) {
        auto& each = figures.usage[usage];
        for (std::uint64_t i = 0; i < 40 * weight + growth; ++i) {
            each.delay.observe(std::chrono::seconds(45 * (i % 120 + 1)));
        }
        each.missed_cycles = 3 * weight + growth / 10;
        each.registrations = 45 * weight + growth;
        each.writes = 40 * weight + growth;
        each.removals = 2 * weight;
        for (std::size_t state = 2; state < each.keys.size(); ++state) {
            each.keys[state] = weight * (state + usage);
        }
    }
    figures.measurements = {110 * weight, 10 * weight};
    figures.waiting = {waiting(now, 5min, Usage::ngc, Cause::unknown), waiting(now, 20min, Usage::fido, Cause::unknown),
                       waiting(now, 2h, Usage::ngc, Cause::protected_account),
                       waiting(now, 26h, Usage::ngc, Cause::not_in_directory)};
    figures.malformed_values = {{"truncated", weight}, {"version", 0}};
    figures.suspicious_keys = {{"roca", 0}, {"unmatched", 2 * weight}};
    for (std::uint64_t i = 0; i <= growth; ++i) {
        figures.replication_delay["ldaps://dc9.branch.example.com"].observe(90s);
    }
    figures.last_write = unix_seconds(now - 4min);
    figures.cycle_seconds = 1800;
    figures.overdue_after_seconds = 3900;
    figures.observed_cycle_seconds = 1801.5;
    figures.last_cycle = unix_seconds(now - 4min);
    figures.next_cycle = unix_seconds(now + 26min);
    figures.entries = 1000 * weight;
    figures.full_sweeps = weight;
    return figures;
}

}  // namespace

metrics::Snapshot canned_snapshot(Moment now, std::chrono::seconds age) {
    const auto growth = static_cast<std::uint64_t>(age.count());
    metrics::Snapshot snapshot;
    snapshot.domains = {domain("corp.example.com", now, 3, growth), domain("lab.example.com", now, 1, growth)};
    snapshot.entra_last_sync = unix_seconds(now - 7min);
    snapshot.entra_last_password_sync = unix_seconds(now - 9min);
    snapshot.entra_sync = {.enabled = true, .password_sync = true, .device_writeback = false, .user_writeback = {}};
    snapshot.ledger_size_bytes = 1'048'576;
    snapshot.ledger_commit_failures = 1;
    snapshot.ledger_rebuilds = 1;
    return snapshot;
}

std::unique_ptr<metrics::Instruments> canned_instruments(Moment now) {
    const metrics::DeclaredSources sources{
        .directories = {{"corp.example.com",
                         {"ldaps://dc1.corp.example.com", "ldaps://dc2.corp.example.com"},
                         {"ldaps://dc9.branch.example.com"}},
                        {"lab.example.com", {"ldaps://dc1.lab.example.com"}}},
        .graph = true,
        .audit_files = true,
        .directory_failures = {"connect", "tls", "bind", "timeout"},
        .graph_failures = {"connect", "token", "throttled"},
        .file_failures = {"unreadable"},
        .graph_endpoints = {"token", "audit", "users", "organization"},
        .graph_codes = {"200", "401", "429", "503", "error"},
    };
    auto instruments = std::make_unique<metrics::Instruments>(sources, metrics::BuildInfo{"0.1.0", "canned", "none"});
    using metrics::Source;
    instruments->poll_succeeded(Source::ldap, "corp.example.com", "ldaps://dc1.corp.example.com", 40ms, now);
    instruments->poll_succeeded(Source::ldap, "lab.example.com", "ldaps://dc1.lab.example.com", 10ms, now);
    instruments->poll_failed(Source::ldap, "lab.example.com", "ldaps://dc1.lab.example.com", "timeout", 20s);
    instruments->poll_succeeded(Source::ldap, "lab.example.com", "ldaps://dc1.lab.example.com", 10ms, now);
    instruments->observed_server("corp.example.com", "ldaps://dc9.branch.example.com", true);
    instruments->poll_succeeded(Source::graph, "", "", 300ms, now);
    instruments->poll_succeeded(Source::audit_file, "", "", 2ms, now);
    instruments->graph_request("audit", "200");
    instruments->graph_request("token", "200");
    instruments->graph_throttled(3s);
    instruments->clock_offset("ldaps://dc1.corp.example.com", -25ms);
    instruments->clock_offset("graph", 400ms);
    instruments->certificate_expiry("ldaps://dc1.corp.example.com", now + 24h * 90);
    instruments->config_reloaded(true, now);
    return instruments;
}

}  // namespace keysyncd::tests
