#include "daemon/process/version.hpp"

namespace keysyncd::daemon {

std::string_view version() noexcept {
    return KEYSYNCD_VERSION;
}
std::string_view revision() noexcept {
    return KEYSYNCD_REVISION;
}
std::string_view compiler() noexcept {
    return KEYSYNCD_COMPILER;
}

}  // namespace keysyncd::daemon
