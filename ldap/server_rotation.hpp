// Which domain controller to ask next: the first of the list that has not failed since the last good poll.
// A good connection is kept whatever its place in the list; the order counts again when it fails. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace keysyncd::ldap {

class ServerRotation {
  public:
    /// In order of preference; must not be empty.
    explicit ServerRotation(std::vector<std::string> servers);

    [[nodiscard]] const std::string& current() const noexcept { return servers_[current_]; }
    /// The current one answered: all others are worth a try again, should it fail.
    void succeeded();
    /// The current one failed: moves on. After the last untried one it begins anew with the first.
    void failed();

    /// A new list, in order of preference. The current one stays that while it is listed and has not failed: a
    /// connection that is opened again goes to whom the cursor is of. Those that failed are tried last.
    void replace(std::vector<std::string> servers);

    /// Whether the last failure was that of the last untried one.
    [[nodiscard]] bool began_anew() const noexcept { return began_anew_; }

  private:
    std::vector<std::string> servers_;
    std::vector<bool> tried_;
    std::size_t current_ = 0;
    bool began_anew_ = false;
};

}  // namespace keysyncd::ldap
