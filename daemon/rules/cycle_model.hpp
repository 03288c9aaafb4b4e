// Infers Entra Connect's real cycle from the moments keys were written: its scheduler writes everything that is due in
// one burst, then rests. Pure. Gaps between bursts are whole multiples of the period, since idle cycles write nothing.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "ldap/time.hpp"

namespace keysyncd::daemon {

struct WriteBurst {
    ldap::Instant first;
    ldap::Instant last;
    std::uint64_t keys = 0;
};

struct ObservedCycle {
    ldap::Ticks period{};
    ldap::Ticks uncertainty{};  ///< largest distance of a burst from the inferred beat
    ldap::Instant last;         ///< newest burst
};

/// Joins a write to the newest burst when it lies within the gap that still belongs to one run of the scheduler.
[[nodiscard]] ldap::Ticks burst_gap(std::chrono::seconds configured_cycle) noexcept;

/// `bursts` in order of time. std::nullopt while fewer than three bursts, or no period fits them.
[[nodiscard]] std::optional<ObservedCycle> observe_cycle(std::span<const WriteBurst> bursts,
                                                         std::chrono::seconds configured_cycle) noexcept;

/// The next beat after `now`.
[[nodiscard]] ldap::Instant next_cycle(const ObservedCycle& cycle, ldap::Instant now) noexcept;

}  // namespace keysyncd::daemon
