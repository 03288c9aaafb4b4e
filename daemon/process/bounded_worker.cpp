#include "daemon/process/bounded_worker.hpp"

#include <utility>

namespace keysyncd::daemon {

BoundedWorker::BoundedWorker(std::size_t most_waiting)
    : most_waiting_(most_waiting), thread_([this](const std::stop_token& stop) { work(stop); }) {}

bool BoundedWorker::enqueue(Task task) {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() >= most_waiting_) {
        return false;
    }
    waiting_.push_back(std::move(task));
    changed_.notify_one();
    return true;
}

void BoundedWorker::work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
        const Task task = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        task(stop.stop_requested());
        lock.lock();
    }
}

}  // namespace keysyncd::daemon
