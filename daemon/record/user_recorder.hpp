// Brings one directory user's rows in the ledger to what was observed: keys that arrived, went or moved along to
// another domain, their measurements and the counts. The ledger's thread only, inside the caller's transaction.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "config/settings.hpp"
#include "daemon/ledger/ledger.hpp"
#include "daemon/record/arrival_recorder.hpp"
#include "daemon/record/finding_recorder.hpp"
#include "daemon/record/registration_matcher.hpp"
#include "ldap/directory_user.hpp"

namespace keysyncd::daemon {

class UserRecorder {
  public:
    UserRecorder(Ledger& ledger, const config::SyncSettings& sync);

    /// The user's row; none for one that has no keys and is not known. Writes of keys from Entra are added to
    /// `cloud_writes`.
    std::optional<UserId> record(DomainId domain, const ldap::DirectoryUser& observed, Instant now,
                                 std::vector<Instant>& cloud_writes);
    /// A full sweep did not return the user: its keys are gone.
    void lose(UserId id, Instant now);
    /// How a pass looks at a domain, for the bounds of what is measured in it.
    struct View {
        std::chrono::nanoseconds clock_offset{};  ///< the domain controller's clock minus ours
        std::uint64_t read_up_to = 0;             ///< uSNChanged that an earlier pass has read there
    };
    void begin_pass(DomainId domain, const View& view) { views_[domain] = view; }

    /// Told for every new measurement, for the log.
    std::function<void(const UserRow&, const KeyRow&)> on_measured;
    /// Told once for every value that did not decode, for the log.
    std::function<void(const UserRow&, const ldap::MalformedValue&)> on_malformed;

    ArrivalRecorder arrivals;
    FindingRecorder findings;

  private:
    /// Whose keys are being recorded.
    struct Owner {
        const UserRow& user;
        const ldap::DirectoryUser& observed;
        const UserRow* elsewhere;  ///< the same object in another domain; nullptr: there is none
        Instant now;
        std::vector<Instant>& cloud_writes;
    };
    /// False: the domain has the user already. Gives `user` its id.
    bool insert(UserRow& user, const ldap::DirectoryUser& observed);
    /// `known`: the key's row, removed by now; nullptr: there is none.
    void arrive(const Owner& owner, const ldap::DirectoryKey& key, const KeyRow* known);
    void remove(const UserRow& user, KeyRow key, Instant now, const ldap::EndedKey* ended);
    void measure(DomainRow& domain, const UserRow& user, KeyRow& key, const WriteInterval& write);
    /// A user moved between domains keeps its keys: nobody registered or wrote anything. The key's row for this domain.
    [[nodiscard]] std::optional<KeyRow> carried_over(const Owner& owner, const KeyRow& key);

    Ledger* ledger_;
    config::SyncSettings sync_;
    RegistrationMatcher matcher_;
    std::map<DomainId, View> views_;  ///< of the pass under way
};

/// The row of this key among a user's; nullptr where there is none.
[[nodiscard]] const KeyRow* find_key(std::span<const KeyRow> rows, const std::vector<std::byte>& key_id);

}  // namespace keysyncd::daemon
