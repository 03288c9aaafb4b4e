// The exact write of a user's keys, from the replication metadata that a domain controller keeps of every link value:
// msDS-ReplValueMetaData (MS-ADTS 3.1.1.4.5.20), in binary, else as XML. Asked only for users with news, one base
// search each. Where it cannot be read the keys keep no write, and their delay is bounded instead.
// On the connection's worker thread.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <stop_token>
#include <string_view>

#include "ldap/connection.hpp"
#include "ldap/directory_user.hpp"

namespace keysyncd::ldap {

/// For the operator, where no user that was asked about showed any.
inline constexpr std::string_view metadata_missing =
    "msDS-ReplValueMetaData of users cannot be read: write times are bounded by polls, not exact. Grant the account "
    "read access to msDS-ReplValueMetaData and replPropertyMetaData of users (a Samba domain controller does not have "
    "the former)";

class WriteTimes {
  public:
    /// Fills DirectoryKey::write and DirectoryUser::ended_keys.
    [[nodiscard]] std::expected<void, PollError> read(Connection& connection, DirectoryUser& user,
                                                      const std::stop_token& stop);

    /// Users asked about, and those of them that had keys but showed no metadata.
    [[nodiscard]] std::uint64_t asked() const noexcept { return asked_; }
    [[nodiscard]] std::uint64_t unreadable() const noexcept { return unreadable_; }
    void begin() noexcept { asked_ = unreadable_ = 0; }

  private:
    std::uint64_t asked_ = 0;
    std::uint64_t unreadable_ = 0;
};

}  // namespace keysyncd::ldap
