// Believes an answer only when it was shown that the account can read what the answer would have held.
// Remembers, from pass to pass, one user that showed keys: the canary. On the connection's worker thread.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "ldap/canary.hpp"
#include "ldap/connection.hpp"
#include "ldap/directory_user.hpp"
#include "ldap/domain_reader.hpp"
#include "ldap/root_dse.hpp"

namespace keysyncd::ldap {

/// Users whose keys did not come and can't be taken for removed.
struct UnprovenLosses {
    std::vector<Guid> users;
    std::vector<std::string> warnings;  ///< one for each container that they are in
};

class RightsProof {
  public:
    /// `account`: whom the operator must give a missing right.
    explicit RightsProof(std::string account) : account_(std::move(account)) {}

    /// Before each pass.
    void begin() { ordinary_keys_ = false; }
    /// Users that the pass found.
    void note(std::span<const DirectoryUser> users);

    /// After a full sweep. On success: warnings about users whose attributes are hidden, also in organizational units
    /// that take no rights from above: their users are simply not in any answer.
    [[nodiscard]] std::expected<std::vector<std::string>, PollError> after_sweep(Connection& connection,
                                                                                 const RootDse& root,
                                                                                 const std::string& base_dn,
                                                                                 const std::stop_token& stop) const;

    /// After a window: cheaper, as long as the canary can be read.
    [[nodiscard]] std::expected<std::vector<std::string>, PollError> after_window(Connection& connection,
                                                                                  const RootDse& root,
                                                                                  const std::string& base_dn,
                                                                                  const std::stop_token& stop) const;

    /// Of users that had keys and show none: those whose keys may no longer be read.
    [[nodiscard]] std::expected<UnprovenLosses, PollError> hidden_among(Connection& connection, const RootDse& root,
                                                                        std::span<const KnownUser> bereft,
                                                                        const std::stop_token& stop) const;

  private:
    /// One warning for each attribute that some of these users hide.
    [[nodiscard]] std::vector<std::string> hidden(const SampleVerdict& verdict, const std::string& where) const;

    std::string account_;
    bool ordinary_keys_ = false;  ///< in this pass a user other than a protected administrator showed keys
    std::optional<Guid> canary_;
};

}  // namespace keysyncd::ldap
