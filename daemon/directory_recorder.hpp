// Takes what a pass over a domain found and brings the ledger to it: arrivals, removals, renames, moves, counts.
// The ledger's thread only. Commits every so many users and at the end of a pass; a failed commit fails the pass, and
// the next one reads the same changes again, because the cursor is stored with the last of them.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <vector>

#include "config/settings.hpp"
#include "daemon/ledger.hpp"
#include "daemon/registration_matcher.hpp"
#include "ldap/domain_reader.hpp"
#include "ldap/key_findings.hpp"

namespace keysyncd::daemon {

class DirectoryRecorder {
  public:
    DirectoryRecorder(Ledger& ledger, const config::SyncSettings& sync);

    /// What counts as suspicious in this domain; the default policy where nothing is set.
    void set_policy(DomainId domain, const ldap::FindingPolicy& policy) { policies_[domain] = policy; }

    /// Servers that are watched for the arrival of this domain's new keys.
    void observe(DomainId domain, const std::vector<std::string>& servers);
    /// What a look at an observed server found: measured from the write, and no longer awaited.
    void record_arrivals(DomainId domain, const std::string& server, std::span<const ldap::KeyArrival> arrivals,
                         Instant now);

    void begin_pass(DomainId domain, const ldap::PassStart& start);
    /// Which of these users carry a key that the ledger does not know and that will be measured: the ones worth
    /// asking for their replication metadata.
    [[nodiscard]] std::vector<bool> with_news(DomainId domain, std::span<const ldap::DirectoryUser> users);
    void record(DomainId domain, std::span<const ldap::DirectoryUser> users, Instant now);
    /// Removes what a full sweep did not see, stores the cursor, commits. Throws std::runtime_error when a rollback
    /// in between took part of the pass away.
    void finish_pass(DomainId domain, const ldap::PassEnd& end, Instant now);
    void abandon_pass(DomainId domain);

    /// Told for every new measurement, for the log.
    std::function<void(const UserRow&, const KeyRow&)> on_measured;

  private:
    struct Pass {
        ldap::PassStart start;
        std::vector<bool> seen;  ///< by user id; full sweeps only
        std::uint64_t rollbacks = 0;
        std::size_t uncommitted = 0;
        std::vector<Instant> cloud_writes;  ///< of this pass, for the bursts
    };

    void record_user(DomainId domain, Pass& pass, const ldap::DirectoryUser& user, Instant now);
    void arrive(const DomainRow& domain, Pass& pass, const UserRow& user, const ldap::DirectoryUser& observed,
                const ldap::DirectoryKey& key, const KeyRow* known, Instant now);
    void remove(const UserRow& user, KeyRow key, Instant now);
    void set_findings(DomainId domain, KeyRow& key, ldap::KeyFindings findings);
    void record_ended_key(const UserRow& user, const ldap::EndedKey& key);
    void measure(DomainRow& domain, const UserRow& user, KeyRow& key, const WriteInterval& write);
    [[nodiscard]] bool carried_over(const UserRow& user, const KeyRow& key, Instant now);
    void store_bursts(DomainId domain, Pass& pass);

    Ledger* ledger_;
    config::SyncSettings sync_;
    std::map<DomainId, ldap::FindingPolicy> policies_;
    std::map<DomainId, std::vector<std::string>> observed_;
    RegistrationMatcher matcher_;
    std::map<DomainId, Pass> passes_;
    std::map<DomainId, std::chrono::nanoseconds> clock_offsets_;
};

}  // namespace keysyncd::daemon
