#include "daemon/record/tenant_recorder.hpp"

#include <span>

#include "daemon/ledger/column.hpp"
#include "daemon/ledger/meta_names.hpp"
#include "ldap/value_hash.hpp"

namespace keysyncd::daemon {

TenantRecorder::TenantRecorder(Ledger& ledger, const std::optional<config::EntraSettings>& entra)
    : ledger_(&ledger),
      overlap_(entra.value_or(config::EntraSettings{}).overlap),
      lookback_(entra.value_or(config::EntraSettings{}).lookback) {}

void TenantRecorder::record_organization(const entra::OrganizationSync& organization, Instant read_at) {
    // A time that Entra tells no more is none: kept, it would grow old for ever.
    const auto time_or_none = [](const std::optional<Instant>& at) { return at ? to_column(*at) : 0; };
    ledger_->in_transaction([&] {
        ledger_->meta.set(meta_name::entra_organization_read_at, to_column(read_at));
        ledger_->meta.set(meta_name::entra_last_sync, time_or_none(organization.last_sync));
        ledger_->meta.set(meta_name::entra_last_password_sync, time_or_none(organization.last_password_sync));
        set_flag(meta_name::entra_sync_enabled, organization.sync_enabled);
    });
}

void TenantRecorder::record_sync_features(const entra::SyncFeatures& features) {
    ledger_->in_transaction([&] {
        set_flag(meta_name::entra_password_sync, features.password_sync);
        set_flag(meta_name::entra_device_writeback, features.device_writeback);
        set_flag(meta_name::entra_user_writeback, features.user_writeback);
    });
}

bool TenantRecorder::record_malformed(std::string_view detail) {
    bool first = false;
    ledger_->in_transaction([&] {
        // Of no domain and no user; the detail names the event.
        first = ledger_->malformed.remember(0, {}, ldap::value_hash(std::as_bytes(std::span{detail})));
        ledger_->meta.add(meta_name::malformed_graph_records, first ? 1 : 0);
    });
    return first;
}

entra::AuditWindow TenantRecorder::audit_window(Instant now) {
    const auto watermark = ledger_->meta.get(meta_name::audit_read_until);
    const std::optional<Instant> read_to = watermark ? std::optional{Instant{Ticks{*watermark}}} : std::nullopt;
    return entra::plan_audit_window(read_to, now, overlap_, lookback_);
}

void TenantRecorder::record_audit_read(Instant read_until, Ticks gap) {
    ledger_->in_transaction([&] {
        ledger_->meta.add(meta_name::registration_gap, gap.count());
        ledger_->meta.set(meta_name::audit_read_until, read_until.time_since_epoch().count());
    });
}

Instant TenantRecorder::audit_files_from(Instant now, bool read_before) {
    if (!ledger_->meta.get(meta_name::audit_files_since)) {
        ledger_->in_transaction(
            [&] { ledger_->meta.set(meta_name::audit_files_since, read_before ? 0 : to_column(now)); });
    }
    // By the look-back of today: who raises it wants older files to count.
    return Instant{Ticks{*ledger_->meta.get(meta_name::audit_files_since)}} - lookback_;
}

void TenantRecorder::set_flag(std::string_view name, std::optional<bool> value) {
    if (value) {
        ledger_->meta.set(name, *value ? 1 : 0);
    }
}

}  // namespace keysyncd::daemon
