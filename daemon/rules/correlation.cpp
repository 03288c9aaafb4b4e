#include "daemon/rules/correlation.hpp"

#include <algorithm>
#include <chrono>

namespace keysyncd::daemon {
namespace {

using std::chrono::duration_cast;

constexpr Ticks one_second = std::chrono::seconds{1};

// rootDSE's currentTime has whole seconds: an offset below two of them is measurement noise.
constexpr std::chrono::nanoseconds offset_noise = std::chrono::seconds{2};

// An audit event of a removal may be stamped a little after the directory lost the key.
constexpr Ticks removal_slack = std::chrono::minutes{1};

// The latest moment of our clock that the domain controller can have meant.
Instant at_our_clock(std::chrono::sys_seconds when_changed, std::chrono::nanoseconds clock_offset) noexcept {
    const auto offset = std::chrono::abs(clock_offset);
    return Instant{when_changed} + (offset > offset_noise ? duration_cast<Ticks>(offset) : Ticks::zero());
}

}  // namespace

bool was_hidden(const Sighting& sighting, std::optional<Instant> created_at) noexcept {
    if (sighting.write || !sighting.unchanged || !sighting.when_changed) {
        return false;
    }
    // A key that is younger than its user's last change has not counted as a change at all: then nothing is known.
    // whenChanged has whole seconds.
    const Instant changed = at_our_clock(*sighting.when_changed, sighting.clock_offset) + one_second;
    return !created_at || *created_at <= changed;
}

WriteInterval bound_write(const Sighting& sighting, std::optional<Instant> registered_at) noexcept {
    if (sighting.write) {
        const Instant at = sighting.write->at;
        return {at, at, metrics::Precision::exact, sighting.write->version > 1};
    }
    WriteInterval interval{.earliest = Instant::min(), .latest = sighting.seen};
    if (sighting.when_changed) {
        interval.latest = std::min(interval.latest, at_our_clock(*sighting.when_changed, sighting.clock_offset));
    }
    if (!was_hidden(sighting, registered_at)) {
        interval.earliest = sighting.previous_pass.value_or(Instant::min());
    }
    if (registered_at) {
        interval.earliest = std::max(interval.earliest, *registered_at);
    }
    interval.earliest = std::min(interval.earliest, interval.latest);
    return interval;
}

std::optional<Ticks> measure_delay(Instant registered_at, const WriteInterval& write,
                                   std::chrono::nanoseconds clock_offset) noexcept {
    const Ticks delay = write.latest - registered_at;
    if (delay >= Ticks::zero()) {
        return delay;
    }
    const Ticks tolerated = one_second + duration_cast<Ticks>(std::chrono::abs(clock_offset));
    return -delay <= tolerated ? std::optional{Ticks::zero()} : std::nullopt;
}

std::uint64_t missed_cycles(Ticks delay, std::chrono::seconds cycle, std::chrono::seconds grace) noexcept {
    const Ticks beyond = delay - Ticks{cycle} - Ticks{grace};
    if (beyond <= Ticks::zero() || cycle <= std::chrono::seconds::zero()) {
        return 0;
    }
    const Ticks whole{cycle};
    return static_cast<std::uint64_t>((beyond + whole - Ticks{1}) / whole);
}

metrics::Usage usage_of(ldap::KeyUsage usage) noexcept {
    switch (usage) {
        case ldap::KeyUsage::ngc:
            return metrics::Usage::ngc;
        case ldap::KeyUsage::fido:
            return metrics::Usage::fido;
        default:
            return metrics::Usage::other;
    }
}

std::optional<std::size_t> nearest(Instant at, std::span<const Instant> times, Ticks tolerance) noexcept {
    std::optional<std::size_t> best;
    Ticks best_distance = tolerance;
    for (std::size_t i = 0; i < times.size(); ++i) {
        const Ticks distance = std::chrono::abs(times[i] - at);
        if (distance <= best_distance && (!best || distance < best_distance)) {
            best = i;
            best_distance = distance;
        }
    }
    return best;
}

DeletionDecision decide_deletion(const DeletionView& view, Instant now, Ticks patience) noexcept {
    for (std::size_t i = 0; i < view.removed.size(); ++i) {
        if (view.removed[i] >= view.deleted_at - removal_slack) {
            return {DeletionOutcome::explains_removal, i};
        }
    }
    const auto born_before = [&](Instant at) { return at <= view.deleted_at; };
    const auto waiting = std::ranges::find_if(view.pending, born_before);
    if (waiting == view.pending.end()) {
        return {};
    }
    const bool may_mean_a_written_key = std::ranges::any_of(view.live, born_before);
    if (may_mean_a_written_key && now < view.deleted_at + patience) {
        return {};
    }
    return {DeletionOutcome::withdraws, static_cast<std::size_t>(waiting - view.pending.begin())};
}

metrics::Cause cause_of(AccountFinding account, bool provisioning_errors, bool stalled) noexcept {
    switch (account) {
        case AccountFinding::absent:
            return metrics::Cause::not_in_directory;
        case AccountFinding::disabled:
            return metrics::Cause::account_disabled;
        case AccountFinding::protected_account:
            return metrics::Cause::protected_account;
        case AccountFinding::unknown:
        case AccountFinding::normal:
            break;
    }
    if (provisioning_errors) {
        return metrics::Cause::provisioning_error;
    }
    return stalled ? metrics::Cause::sync_stalled : metrics::Cause::unknown;
}

}  // namespace keysyncd::daemon
