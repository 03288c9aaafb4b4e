// What glibc's allocator is told, so that a daemon that rests most of the time holds little. Any thread.
#pragma once

namespace keysyncd::daemon {

/// Before the first thread: by default every thread gets an arena of its own, and each keeps what it once needed.
void share_memory_among_threads() noexcept;

/// After much was allocated and freed again: what lies free between things still in use goes back to the system.
void give_memory_back() noexcept;

}  // namespace keysyncd::daemon
