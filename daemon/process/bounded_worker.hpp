// A thread for work that must not be done on the web server's: passwords, reads of the ledger. Its queue is bounded, so
// that a flood is refused instead of piling up. enqueue() is for any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace keysyncd::daemon {

class BoundedWorker {
  public:
    /// `stopping`: only tell whoever waits that nothing comes. Must not throw.
    using Task = std::function<void(bool stopping)>;

    explicit BoundedWorker(std::size_t most_waiting);
    /// Runs what waits with stopping = true.
    ~BoundedWorker() = default;
    BoundedWorker(const BoundedWorker&) = delete;
    BoundedWorker& operator=(const BoundedWorker&) = delete;

    /// False: too much waits already.
    [[nodiscard]] bool enqueue(Task task);

  private:
    void work(const std::stop_token& stop);

    std::size_t most_waiting_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Task> waiting_;
    std::jthread thread_;  // last: it uses all above
};

}  // namespace keysyncd::daemon
