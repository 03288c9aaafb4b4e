#include "ldap/poll_error.hpp"

#include <cstddef>

namespace keysyncd::ldap {

std::string_view to_string(PollFailure failure) noexcept {
    return poll_failure_labels[static_cast<std::size_t>(failure)];
}

}  // namespace keysyncd::ldap
