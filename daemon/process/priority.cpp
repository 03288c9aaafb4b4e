#include "daemon/process/priority.hpp"

#include <sys/resource.h>
#include <unistd.h>

namespace keysyncd::daemon {

void yield_to_serving() noexcept {
    constexpr int nicer_by = 10;
    const int now = getpriority(PRIO_PROCESS, 0);
    static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), now + nicer_by));
}

}  // namespace keysyncd::daemon
