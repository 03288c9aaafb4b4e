#include "ldap/poll_error.hpp"

#include <cstddef>

namespace keysyncd::ldap {

std::string_view to_string(PollFailure failure) noexcept {
    return poll_failure_labels[static_cast<std::size_t>(failure)];
}

bool was_cut(const PollError& error) noexcept {
    // "Unavailable" is how a session is told that it ends.
    return error.failure == PollFailure::connect || error.failure == PollFailure::server_busy;
}

}  // namespace keysyncd::ldap
