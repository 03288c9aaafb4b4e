// A thread that does one thing again and again with a rest in between, and stops at once when asked.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

#include "daemon/process/priority.hpp"

namespace keysyncd::daemon {

class Worker {
  public:
    /// `step` returns how long to rest before the next one. It must not throw.
    using Step = std::function<std::chrono::milliseconds(const std::stop_token&)>;

    explicit Worker(Step step) : step_(std::move(step)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

    /// Asks it to stop without waiting for it; the destructor waits.
    void request_stop() { thread_.request_stop(); }

  private:
    void run(const std::stop_token& stop) {
        yield_to_serving();
        while (!stop.stop_requested()) {
            const auto rest = step_(stop);
            std::unique_lock lock(mutex_);
            wake_.wait_for(lock, stop, rest, [] { return false; });
        }
    }

    Step step_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;  // last: it uses the others
};

}  // namespace keysyncd::daemon
