// Takes what a pass over a domain found and brings the ledger to it, user by user, then stores how far it was read.
// The ledger's thread only. Commits every so many users and at the end of a pass; a failed commit fails the pass, and
// the next one reads the same changes again, because the cursor is stored with the last of them.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "daemon/ledger/ledger.hpp"
#include "daemon/record/user_recorder.hpp"
#include "ldap/domain_reader.hpp"

namespace keysyncd::daemon {

class DirectoryRecorder {
  public:
    DirectoryRecorder(Ledger& ledger, const config::SyncSettings& sync);

    /// Which users the passes over a domain are to return, from its settings. Another scope than before is a new
    /// baseline, as what it shows is not new, and a full sweep.
    void set_scope(DomainId domain, std::string_view base_dn, std::string_view filter, Instant baseline_before);
    void begin_pass(DomainId domain, const ldap::PassStart& start);
    /// Which of these users carry a key that is news and will be counted: the ones worth asking for their replication
    /// metadata.
    [[nodiscard]] std::vector<bool> with_news(DomainId domain, std::span<const ldap::DirectoryUser> users);
    void record(DomainId domain, std::span<const ldap::DirectoryUser> users, Instant now);
    /// Users that had keys and would lose all of them: the ones that a full sweep did not see, and the ones that the
    /// pass found without any. To be proven before the pass is finished.
    [[nodiscard]] std::vector<ldap::KnownUser> bereft(DomainId domain);
    /// Removes the keys of the bereft, but for those that are hidden, stores the cursor, commits. Throws
    /// std::runtime_error when a rollback in between took part of the pass away.
    void finish_pass(DomainId domain, const ldap::PassEnd& end, Instant now);
    /// When every domain was read once: what is found out about all keys together. Takes seconds for a million; does
    /// nothing later on.
    void after_first_sweeps();
    /// What was recorded is true, only not all, and is committed; the keys of the bereft stay, as nothing was proven.
    void abandon_pass(DomainId domain);

  private:
    struct Pass {
        ldap::PassStart start;
        std::vector<bool> seen;                         ///< by user id; full sweeps only
        std::optional<std::vector<UserId>> unseen;      ///< once it was asked for
        std::map<UserId, ldap::DirectoryUser> emptied;  ///< found without the keys that they had: held back
        std::uint64_t rollbacks = 0;
        std::size_t uncommitted = 0;
        std::vector<Instant> cloud_writes;  ///< of this pass, for the bursts
    };

    [[nodiscard]] bool first_sweep_goes_on() const;
    void record_user(DomainId domain, const ldap::DirectoryUser& user, Pass& pass, Instant now);
    [[nodiscard]] const std::vector<UserId>& unseen(DomainId domain, Pass& pass);
    void remove_keys_of_bereft(DomainId domain, Pass& pass, std::vector<ldap::Guid> hidden, Instant now);
    void store_bursts(DomainId domain, Pass& pass);

    Ledger* ledger_;
    config::SyncSettings sync_;
    std::map<DomainId, Pass> passes_;

  public:
    UserRecorder users;
};

}  // namespace keysyncd::daemon
