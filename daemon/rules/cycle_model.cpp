#include "daemon/rules/cycle_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace keysyncd::daemon {
namespace {

using ldap::Instant;
using ldap::Ticks;

constexpr std::size_t bursts_considered = 24;
constexpr int largest_divisor = 4;          // smaller periods fit anything
constexpr double tolerated_residual = 0.1;  // of the period: run times and poll bounds vary
constexpr double needed_share = 0.75;       // of the gaps: one Connect restart shifts the beat once

struct Fit {
    double period = 0;
    double worst = 0;
    double share = 0;
};

// How well the gaps are multiples of `candidate`; the period is refined from the ones that are.
Fit fit(std::span<const double> gaps, double candidate) noexcept {
    double time = 0;
    double beats = 0;
    double worst = 0;
    std::size_t fitting = 0;
    for (const double gap : gaps) {
        const double k = std::max(1.0, std::round(gap / candidate));
        const double residual = std::abs(gap - k * candidate);
        if (residual <= tolerated_residual * candidate) {
            time += gap;
            beats += k;
            worst = std::max(worst, residual);
            ++fitting;
        }
    }
    return {beats > 0 ? time / beats : 0, worst, static_cast<double>(fitting) / static_cast<double>(gaps.size())};
}

}  // namespace

Ticks burst_gap(std::chrono::seconds configured_cycle) noexcept {
    return Ticks{configured_cycle} / 4;
}

std::optional<ObservedCycle> observe_cycle(std::span<const WriteBurst> bursts,
                                           std::chrono::seconds configured_cycle) noexcept {
    if (bursts.size() > bursts_considered) {
        bursts = bursts.last(bursts_considered);
    }
    if (bursts.size() < 3) {
        return std::nullopt;
    }
    std::array<double, bursts_considered> storage{};
    std::size_t count = 0;
    for (std::size_t i = 1; i < bursts.size(); ++i) {
        storage[count++] = static_cast<double>((bursts[i].first - bursts[i - 1].first).count());
    }
    const std::span<const double> gaps{storage.data(), count};
    const double smallest = *std::ranges::min_element(gaps);
    if (smallest <= 0) {
        return std::nullopt;
    }
    // The configured cycle first: it is what the operator expects, and sparse writes can't contradict it. Then the
    // largest divisor of the smallest gap that fits: smaller ones fit everything and say nothing.
    const auto configured = static_cast<double>(Ticks{configured_cycle}.count());
    Fit best = fit(gaps, configured);
    const bool always_skips = std::ranges::all_of(gaps, [&](double gap) { return gap > 1.5 * configured; });
    if (best.share < needed_share || (always_skips && gaps.size() >= 4)) {
        best = {};
        for (int divisor = 1; divisor <= largest_divisor; ++divisor) {
            const Fit candidate = fit(gaps, smallest / divisor);
            if (candidate.share >= needed_share) {
                best = candidate;
                break;
            }
        }
    }
    if (best.share < needed_share || best.period <= 0) {
        return std::nullopt;
    }
    return ObservedCycle{Ticks{std::llround(best.period)}, Ticks{std::llround(best.worst)}, bursts.back().first};
}

Instant next_cycle(const ObservedCycle& cycle, Instant now) noexcept {
    if (now < cycle.last) {
        return cycle.last + cycle.period;
    }
    return cycle.last + cycle.period * ((now - cycle.last) / cycle.period + 1);
}

}  // namespace keysyncd::daemon
