#include "daemon/record/arrival_recorder.hpp"

#include <algorithm>

namespace keysyncd::daemon {
void ArrivalRecorder::observe(DomainId domain, const std::vector<std::string>& servers) {
    observed_[domain] = servers;
    ledger_->in_transaction([&] {
        for (const std::string& server : servers) {
            ledger_->figures.of(domain).replication_delay.try_emplace(server);
        }
    });
}

void ArrivalRecorder::await(DomainId domain, const ldap::AwaitedKey& key, Instant written_at) {
    const auto servers = observed_.find(domain);
    if (servers == observed_.end()) {
        return;
    }
    for (const std::string& server : servers->second) {
        ledger_->awaited.insert(domain, server, {key, written_at});
    }
}

void ArrivalRecorder::forget(DomainId domain, const ldap::AwaitedKey& key) {
    const auto servers = observed_.find(domain);
    if (servers == observed_.end()) {
        return;
    }
    for (const std::string& server : servers->second) {
        ledger_->awaited.erase(domain, server, key);
    }
}

void ArrivalRecorder::record(DomainId domain, const std::string& server, std::span<const ldap::KeyArrival> arrivals) {
    ledger_->in_transaction([&] {
        for (const AwaitedTable::Row& awaited : ledger_->awaited.of(domain, server)) {
            const auto found = std::ranges::find_if(arrivals, [&](const ldap::KeyArrival& arrival) {
                return arrival.key.user == awaited.key.user && arrival.key.key_id == awaited.key.key_id;
            });
            if (found == arrivals.end()) {
                continue;
            }
            Instant arrived = found->seen;
            if (found->when_changed && Instant{*found->when_changed} >= awaited.written_at) {
                arrived = std::min(arrived, Instant{*found->when_changed});
            }
            ledger_->figures.of(domain).replication_delay[server].observe(
                std::max(arrived - awaited.written_at, Ticks::zero()));
            ledger_->awaited.erase(domain, server, awaited.key);
        }
    });
}

}  // namespace keysyncd::daemon
