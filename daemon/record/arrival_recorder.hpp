// New keys on their way to the servers that are watched for them: which are awaited, and how long each took from its
// write until it was visible there. The ledger's thread only.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "daemon/ledger/ledger.hpp"
#include "ldap/arrival_watch.hpp"

namespace keysyncd::daemon {

/// A key that has not reached a server in a week is not asked for any more.
inline constexpr Ticks longest_awaited = std::chrono::days{7};

class ArrivalRecorder {
  public:
    explicit ArrivalRecorder(Ledger& ledger) : ledger_(&ledger) {}

    /// Servers that are watched for the arrival of this domain's new keys.
    void observe(DomainId domain, const std::vector<std::string>& servers);
    /// A key was written: every observed server will show it. Inside the caller's transaction.
    void await(DomainId domain, const ldap::AwaitedKey& key, Instant written_at);
    /// The key is gone before it was seen everywhere. Inside the caller's transaction.
    void forget(DomainId domain, const ldap::AwaitedKey& key);
    /// What a look at an observed server found: measured from the write, and no longer awaited.
    void record(DomainId domain, const std::string& server, std::span<const ldap::KeyArrival> arrivals);

  private:
    Ledger* ledger_;
    std::map<DomainId, std::vector<std::string>> observed_;
};

}  // namespace keysyncd::daemon
