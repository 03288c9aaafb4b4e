#include "entra/audit_window.hpp"

#include <algorithm>

namespace keysyncd::entra {

AuditWindow plan_audit_window(std::optional<Instant> read_to, Instant now, Ticks overlap, Ticks lookback,
                              Ticks retention) noexcept {
    const Instant oldest = now - retention;
    if (!read_to) {
        return {.since = std::max(now - lookback, oldest), .gap = Ticks{0}};
    }
    // A clock that was set back must not make the window start in the future.
    const Instant from = std::min(*read_to, now);
    return {.since = std::max(from - overlap, oldest), .gap = std::max(oldest - from, Ticks{0})};
}

}  // namespace keysyncd::entra
