#include "daemon/view/sync_heartbeat.hpp"

#include "daemon/ledger/meta_names.hpp"

namespace keysyncd::daemon {

Heartbeat read_heartbeat(MetaTable& meta) {
    const auto instant = [&meta](std::string_view name) {
        const auto stored = meta.get(name);
        return stored && *stored != 0 ? std::optional{Instant{Ticks{*stored}}} : std::nullopt;
    };
    const auto password_sync = meta.get(meta_name::entra_password_sync);
    return {.last_sync = instant(meta_name::entra_last_sync),
            .last_password_sync = instant(meta_name::entra_last_password_sync),
            .password_sync_on = password_sync ? std::optional{*password_sync != 0} : std::nullopt,
            .read_at = instant(meta_name::entra_organization_read_at)};
}

}  // namespace keysyncd::daemon
