// One pass over a domain controller's users, from the plan to the proof that its answer can be believed.
// On the connection's worker thread. Remembers, from pass to pass, one user that showed keys: the canary.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ldap/change_window.hpp"
#include "ldap/connection.hpp"
#include "ldap/domain_reader.hpp"
#include "ldap/root_dse.hpp"

namespace keysyncd::ldap {

class UserPass {
  public:
    struct Outcome {
        std::uint64_t entries = 0;
        std::vector<std::string> warnings;
    };

    /// `account`: whom the operator must give a missing right.
    UserPass(std::string narrowing_filter, std::string account)
        : filter_(std::move(narrowing_filter)), account_(std::move(account)) {}

    [[nodiscard]] std::expected<Outcome, PollError> run(Connection& connection, const RootDse& root,
                                                        const std::string& base_dn, const PassPlan& plan,
                                                        PassSink& sink, const std::stop_token& stop);

  private:
    struct Evidence {
        bool ordinary_keys = false;  ///< a user other than a protected administrator showed keys
    };
    [[nodiscard]] std::expected<void, PollError> prove_sweep(Connection& connection, const RootDse& root,
                                                             const std::string& base_dn, const Evidence& evidence,
                                                             Outcome& outcome, const std::stop_token& stop) const;
    [[nodiscard]] std::expected<void, PollError> prove_window(Connection& connection, const RootDse& root,
                                                              const std::string& base_dn, const Evidence& evidence,
                                                              Outcome& outcome, const std::stop_token& stop) const;

    std::string filter_;
    std::string account_;
    std::optional<Guid> canary_;
};

}  // namespace keysyncd::ldap
