#include "daemon/command/report_data.hpp"

#include <algorithm>
#include <cmath>

#include "ldap/key_findings.hpp"

namespace keysyncd::daemon {
namespace {

constexpr std::size_t slowest_shown = 10;
constexpr std::size_t quarters = 12;  // three cycles

}  // namespace

std::optional<Ticks> percentile(std::span<const Ticks> sorted, double share) {
    if (sorted.empty()) {
        return std::nullopt;
    }
    const double rank = std::ceil(share * static_cast<double>(sorted.size()));
    const auto index = static_cast<std::size_t>(std::clamp(rank, 1.0, static_cast<double>(sorted.size())));
    return sorted[index - 1];
}

DelayFigures delay_figures(std::span<const KeyView> keys, const config::SyncSettings& sync) {
    DelayFigures figures;
    figures.histogram.resize(quarters + 1);
    const Ticks one_cycle = Ticks{sync.cycle} + Ticks{sync.grace};
    std::vector<Ticks> delays;
    for (const KeyView& key : keys) {
        if (!key.delay) {
            continue;
        }
        delays.push_back(*key.delay);
        figures.exact += key.precision == metrics::Precision::exact ? 1U : 0U;
        figures.within_one_cycle += *key.delay <= one_cycle ? 1U : 0U;
        figures.within_two_cycles += *key.delay <= one_cycle + Ticks{sync.cycle} ? 1U : 0U;
        const auto quarter = static_cast<std::size_t>(*key.delay * 4 / Ticks{sync.cycle});
        ++figures.histogram[std::min(quarter, quarters)];
    }
    std::ranges::sort(delays);
    figures.measured = delays.size();
    figures.median = percentile(delays, 0.5);
    figures.p90 = percentile(delays, 0.9);
    figures.p99 = percentile(delays, 0.99);
    figures.worst = percentile(delays, 1.0);
    return figures;
}

ReportData report_data(std::vector<KeyView> keys, const config::SyncSettings& sync) {
    ReportData data;
    data.all = delay_figures(keys, sync);
    std::map<std::pair<std::string, std::string>, std::vector<KeyView>> groups;
    for (const KeyView& key : keys) {
        for (std::uint8_t i = 0; i < ldap::key_finding_count; ++i) {
            const auto finding = static_cast<ldap::KeyFinding>(i);
            if ((key.findings & ldap::bit(finding)) != 0) {
                data.suspicious[std::string{ldap::to_string(finding)}].push_back(key);
            }
        }
        if (waits(key)) {
            data.waiting.push_back(key);
        } else if (key.delay) {
            groups[{key.user.domain, key.usage}].push_back(key);
        } else if (key.state == metrics::State::synced) {
            ++data.history;
        }
    }
    for (const auto& [name, members] : groups) {
        data.groups.push_back({name.first, name.second, delay_figures(members, sync)});
    }
    std::ranges::sort(data.waiting, {}, &KeyView::registered_at);
    for (const auto& [name, members] : groups) {
        data.slowest.insert(data.slowest.end(), members.begin(), members.end());
    }
    std::ranges::sort(data.slowest, std::ranges::greater{}, &KeyView::delay);
    data.slowest.resize(std::min(data.slowest.size(), slowest_shown));
    std::ranges::sort(keys, {}, &KeyView::registered_at);
    data.keys = std::move(keys);
    return data;
}

}  // namespace keysyncd::daemon
