// Findings about keys on their way into the ledger: which reasons a domain wants, the bits of each key's row, and how
// many keys carry each reason (keysync_suspicious_keys). Compares keys of different users, which one key can't show.
// The ledger's thread only, inside the caller's transaction.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/ledger/ledger.hpp"
#include "ldap/key_findings.hpp"

namespace keysyncd::daemon {

/// Brings the domain's counts from one key's findings to its new ones.
void count_findings(Ledger& ledger, DomainId domain, ldap::KeyFindings before, ldap::KeyFindings after);

class FindingRecorder {
  public:
    explicit FindingRecorder(Ledger& ledger) : ledger_(&ledger), comparing_(ledger.keys.ids_are_indexed()) {}

    /// What counts as suspicious in this domain; the default policy where nothing is set. What was switched off since
    /// the last start is taken from all rows; what was switched on is looked for by the next full sweep.
    void set_policy(DomainId domain, const ldap::FindingPolicy& policy);
    /// Compares the keys of all users once, in a transaction of its own; from then on each that comes or goes. To be
    /// called when first sweeps are over, and after the policies are set; without effect when it was done before.
    void compare_all();

    /// A key that has just come to be live: its own findings, and those that it shares with others, whose rows are
    /// saved. The caller saves this one.
    void arrived(DomainId domain, KeyRow& row, const ldap::DirectoryKey& key, const ldap::DirectoryUser& user);
    /// A live key, seen again. True when the row was changed: the caller saves it.
    bool examine(DomainId domain, KeyRow& row, const ldap::DirectoryKey& key, const ldap::DirectoryUser& user);
    /// What is gone can't be used, so its findings end, but for having been there very briefly. `ended`: what the
    /// metadata says about its end, where known. The caller saves the row.
    void removed(DomainId domain, KeyRow& row, const ldap::EndedKey* ended);
    /// Entra, asked, does not know the key, or knows it again. The caller saves the row.
    void set_unmatched(DomainId domain, KeyRow& row, bool unmatched);
    /// A value that came and went between two polls leaves its trace in the replication metadata only: its row,
    /// counted, for the caller to save, where that is suspicious.
    [[nodiscard]] std::optional<KeyRow> ended(const UserRow& user, const ldap::EndedKey& ended);

  private:
    struct Carrier {
        DomainId domain;
        KeyRow row;
    };
    [[nodiscard]] bool wants(DomainId domain, ldap::KeyFinding finding);
    [[nodiscard]] bool anyone_wants_shared_keys() const;
    [[nodiscard]] std::vector<Carrier> two_others(const KeyRow& row);
    /// Looks at all keys once, and marks the shared ones of these domains.
    void mark_shared_keys(const std::function<bool(DomainId)>& in);
    void set(DomainId domain, KeyRow& row, ldap::KeyFindings findings);

    Ledger* ledger_;
    bool comparing_;
    std::map<DomainId, ldap::FindingPolicy> policies_;
};

}  // namespace keysyncd::daemon
