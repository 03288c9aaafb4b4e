// Where the newest Snapshot is published: one writer puts, any number of readers get, nobody waits for rendering.
// A mutex around the pointer alone: std::atomic<std::shared_ptr> of libstdc++ 12 is not understood by ThreadSanitizer.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "metrics/exposition.hpp"

namespace keysyncd::metrics {

class SnapshotSlot {
  public:
    void put(std::shared_ptr<const Snapshot> snapshot) {
        const std::scoped_lock lock(mutex_);
        snapshot_.swap(snapshot);  // the old one, perhaps the last reference to it, is freed after the lock
    }

    /// Never null: before the first put an empty Snapshot.
    [[nodiscard]] std::shared_ptr<const Snapshot> get() const {
        const std::scoped_lock lock(mutex_);
        return snapshot_;
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Snapshot> snapshot_ = std::make_shared<const Snapshot>();
};

}  // namespace keysyncd::metrics
