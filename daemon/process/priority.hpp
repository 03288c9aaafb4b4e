// Who goes first where the processor is short: a scrape, before the reading and recording of a whole directory.
#pragma once

namespace keysyncd::daemon {

/// Gives the calling thread a nice value of its own, 10 above the others' (Linux counts it for each thread). Where that
/// is not allowed everything stays as it was.
void yield_to_serving() noexcept;

}  // namespace keysyncd::daemon
