#include "daemon/process/memory.hpp"

#include <malloc.h>

namespace keysyncd::daemon {

void share_memory_among_threads() noexcept {
    mallopt(M_ARENA_MAX, 2);  // one for the ledger's thread and the busiest reader each
}

void give_memory_back() noexcept {
    malloc_trim(0);
}

}  // namespace keysyncd::daemon
