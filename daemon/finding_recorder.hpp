// Findings about keys on their way into the ledger: which reasons a domain wants, the bits of each key's row, and how
// many keys carry each reason (keysync_suspicious_keys). The ledger's thread only, inside the caller's transaction.
#pragma once

#include <map>
#include <optional>

#include "daemon/ledger.hpp"
#include "ldap/key_findings.hpp"

namespace keysyncd::daemon {

/// Brings the domain's counts from one key's findings to its new ones.
void count_findings(Ledger& ledger, DomainId domain, ldap::KeyFindings before, ldap::KeyFindings after);

class FindingRecorder {
  public:
    explicit FindingRecorder(Ledger& ledger) : ledger_(&ledger) {}

    /// What counts as suspicious in this domain; the default policy where nothing is set.
    void set_policy(DomainId domain, const ldap::FindingPolicy& policy) { policies_[domain] = policy; }

    /// What a live key and its user show by themselves. True when the row was changed: the caller saves it.
    bool examine(DomainId domain, KeyRow& row, const ldap::DirectoryKey& key, const ldap::DirectoryUser& user);
    /// A key that is gone can't be used. The caller saves the row.
    void clear(DomainId domain, KeyRow& row);
    /// A value that came and went between two polls leaves its trace in the replication metadata only: its row,
    /// counted, for the caller to save, where that is suspicious.
    [[nodiscard]] std::optional<KeyRow> examine(const UserRow& user, const ldap::EndedKey& ended);

  private:
    void set(DomainId domain, KeyRow& row, ldap::KeyFindings findings);

    Ledger* ledger_;
    std::map<DomainId, ldap::FindingPolicy> policies_;
};

}  // namespace keysyncd::daemon
