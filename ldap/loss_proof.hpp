// Before all keys of a user count as removed: is the user gone, or do its keys not show because they may no longer be
// read? A right that is withdrawn from one organizational unit, or on the key attribute alone, looks like removed keys
// otherwise, and its return like new ones. Asked for the users in question only, fifty to a search: what it costs grows
// with the removals. judge_losses and parent_of are pure; find_hidden runs on the connection's worker thread.
#pragma once

#include <expected>
#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ldap/canary.hpp"
#include "ldap/connection.hpp"
#include "ldap/domain_reader.hpp"
#include "ldap/root_dse.hpp"

namespace keysyncd::ldap {

enum class Hiding : std::uint8_t {
    keys,   ///< users are found, their keys may not be read
    users,  ///< what is in the container is not listed for the account
};

struct HiddenUsers {
    std::vector<Guid> users;
    std::map<std::string, Hiding> places;  ///< the containers that they are in
};

/// What the search for these users says: the ones that it found with their keys hidden, into `hidden`; the ones that it
/// did not find are returned. `entries` hold objectGUID, the key attribute and nTSecurityDescriptor, as far as they
/// came.
[[nodiscard]] std::vector<KnownUser> judge_losses(std::span<const KnownUser> asked, std::span<const Entry> entries,
                                                  const RightsMeasure& measure, HiddenUsers& hidden);

/// The container of the object with this DN; "" of a DN of one part.
[[nodiscard]] std::string parent_of(std::string_view dn);

/// Which of these users are there, or may be there, without letting their keys be read.
[[nodiscard]] std::expected<HiddenUsers, PollError> find_hidden(Connection& connection, const RootDse& root,
                                                                std::span<const KnownUser> asked,
                                                                const std::stop_token& stop);

}  // namespace keysyncd::ldap
