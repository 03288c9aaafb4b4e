// Is every part of the daemon still moving? Each part that loops (a monitor, the ledger) holds a Beat and strikes it at
// each turn, whatever the turn's outcome: a server that is down is no standstill, a call that never returns is one.
// The watchdog is fed only while nothing stands still. Strikes come from any thread; the rest is guarded by a lock.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace keysyncd::daemon {

class Progress {
  public:
    using Clock = std::chrono::steady_clock;

    /// One part's sign of life. When it is destroyed, the part is no longer waited for.
    class Beat {
      public:
        Beat(std::string name, Clock::duration limit, Clock::time_point now)
            : name_(std::move(name)), limit_(limit), last_(now.time_since_epoch()) {}
        void strike(Clock::time_point now) noexcept { last_.store(now.time_since_epoch(), std::memory_order_relaxed); }

      private:
        friend class Progress;
        std::string name_;
        Clock::duration limit_;
        std::atomic<Clock::duration> last_;
    };

    /// A part that promises a strike within every `limit`, counted from `now`.
    [[nodiscard]] std::shared_ptr<Beat> add(std::string name, Clock::duration limit, Clock::time_point now);

    /// Names of the parts that are behind their promise, in the order in which they were added.
    [[nodiscard]] std::vector<std::string> stalled(Clock::time_point now) const;

  private:
    mutable std::mutex mutex_;
    mutable std::vector<std::weak_ptr<Beat>> beats_;
};

}  // namespace keysyncd::daemon
