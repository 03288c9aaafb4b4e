// From when on the audit log has to be read, and whether something was missed for good. Pure.
#pragma once

#include <chrono>
#include <optional>

#include "entra/graph_time.hpp"

namespace keysyncd::entra {

/// How long Entra keeps audit events: 30 days with P1 or P2, which reading them needs
/// (learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention).
inline constexpr Ticks audit_retention = std::chrono::days{30};

struct AuditWindow {
    Instant since;
    Ticks gap{0};  ///< between what was read last and what there still is: nobody will ever tell about it
};

/// `read_to`: until where the log was read, none at the first start. Events come late, so that `overlap` is read again.
[[nodiscard]] AuditWindow plan_audit_window(std::optional<Instant> read_to, Instant now, Ticks overlap, Ticks lookback,
                                            Ticks retention = audit_retention) noexcept;

}  // namespace keysyncd::entra
