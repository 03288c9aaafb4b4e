#include "daemon/view/snapshot_builder.hpp"

#include "daemon/ledger/meta_names.hpp"
#include "daemon/record/registration_matcher.hpp"
#include "daemon/rules/cycle_model.hpp"
#include "daemon/rules/sync_stall.hpp"
#include "daemon/view/sync_heartbeat.hpp"

namespace keysyncd::daemon {
namespace {

double unix_seconds(Instant at) {
    return std::chrono::duration<double>(at.time_since_epoch()).count();
}

void add_cycle(metrics::DomainFigures& figures, std::span<const WriteBurst> bursts, std::chrono::seconds configured,
               Instant now) {
    if (!bursts.empty()) {
        figures.last_cycle = unix_seconds(bursts.back().first);
    }
    if (const auto cycle = observe_cycle(bursts, configured)) {
        figures.observed_cycle_seconds = std::chrono::duration<double>(cycle->period).count();
        figures.next_cycle = unix_seconds(next_cycle(*cycle, now));
    }
}

}  // namespace

std::shared_ptr<const metrics::Snapshot> build_snapshot(Ledger& ledger, const config::Settings& settings,
                                                        std::uint64_t commit_failures, Instant now) {
    auto snapshot = std::make_shared<metrics::Snapshot>();
    // Where Graph is read no more, what it told last is nothing to go by.
    const Heartbeat heartbeat = settings.uses_graph() ? read_heartbeat(ledger.meta) : Heartbeat{};
    const auto unix_or_0 = [](const std::optional<Instant>& at) { return at ? unix_seconds(*at) : 0; };
    snapshot->entra_last_sync = unix_or_0(heartbeat.last_sync);
    snapshot->entra_last_password_sync = unix_or_0(heartbeat.last_password_sync);
    const auto flag = [&](std::string_view name) {
        const auto stored = settings.uses_graph() ? ledger.meta.get(name) : std::nullopt;
        return stored ? std::optional{*stored != 0} : std::nullopt;
    };
    snapshot->entra_sync = {.enabled = flag(meta_name::entra_sync_enabled),
                            .password_sync = flag(meta_name::entra_password_sync),
                            .device_writeback = flag(meta_name::entra_device_writeback),
                            .user_writeback = flag(meta_name::entra_user_writeback)};
    const auto counted = [&ledger](std::string_view name) {
        return static_cast<std::uint64_t>(ledger.meta.get(name).value_or(0));
    };
    snapshot->malformed_graph_records = counted(meta_name::malformed_graph_records);
    snapshot->malformed_file_records = counted(meta_name::malformed_file_records);
    const Ticks gap{ledger.meta.get(meta_name::registration_gap).value_or(0)};
    snapshot->registration_gap_seconds = std::chrono::duration<double>(gap).count();
    const std::vector<RegistrationRow> pending = ledger.registrations.in_state(RegistrationState::pending);
    for (const auto& [id, figures] : ledger.figures.committed_figures()) {
        metrics::DomainFigures& domain = snapshot->domains.emplace_back(figures);
        const DomainRow& row = ledger.domain(id);
        domain.cycle_seconds = std::chrono::duration<double>(settings.sync.cycle).count();
        domain.overdue_after_seconds = std::chrono::duration<double>(settings.sync.overdue_after).count();
        domain.last_write = row.last_write ? unix_seconds(*row.last_write) : 0;
        add_cycle(domain, ledger.bursts.newest(id), settings.sync.cycle, now);
        const SyncEvidence evidence{row.last_cloud_write, heartbeat};
        for (const RegistrationRow& registration : pending) {
            if (registration.domain_id != id) {
                continue;
            }
            const auto user = ledger.entra_users.find(registration.entra_user_id);
            const bool errors = user && user->provisioning_errors;
            // Tenants whose FIDO keys are not written back must not be told that all of them are overdue.
            const bool alerts = registration.kind == entra::KeyKind::ngc || row.fido_written_back;
            const bool stalled = sync_stalled(now, registration.registered_at, evidence, settings.sync.cycle);
            domain.waiting.push_back({registration.registered_at.time_since_epoch().count(),
                                      usage_of(registration.kind), cause_of(registration.account, errors, stalled),
                                      alerts});
        }
    }
    snapshot->ledger_size_bytes = ledger.size_bytes();
    snapshot->ledger_commit_failures = commit_failures;
    snapshot->ledger_rebuilds = ledger.rebuilds();
    return snapshot;
}

}  // namespace keysyncd::daemon
