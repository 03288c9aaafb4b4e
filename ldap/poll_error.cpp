#include "ldap/poll_error.hpp"

namespace keysyncd::ldap {

std::string_view to_string(PollFailure failure) noexcept {
    switch (failure) {
        case PollFailure::resolve:
            return "resolve";
        case PollFailure::connect:
            return "connect";
        case PollFailure::tls:
            return "tls";
        case PollFailure::bind:
            return "bind";
        case PollFailure::rights:
            return "rights";
        case PollFailure::timeout:
            return "timeout";
        case PollFailure::protocol:
            return "protocol";
        case PollFailure::server_busy:
            return "server_busy";
        case PollFailure::search:
            return "search";
        case PollFailure::stopped:
            return "stopped";
        case PollFailure::configuration:
            return "configuration";
    }
    return "unknown";
}

}  // namespace keysyncd::ldap
