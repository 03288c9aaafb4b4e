#include "daemon/process/progress.hpp"

#include <utility>

namespace keysyncd::daemon {

std::shared_ptr<Progress::Beat> Progress::add(std::string name, Clock::duration limit, Clock::time_point now) {
    auto beat = std::make_shared<Beat>(std::move(name), limit, now);
    const std::scoped_lock lock(mutex_);
    beats_.push_back(beat);
    return beat;
}

std::vector<std::string> Progress::stalled(Clock::time_point now) const {
    std::vector<std::string> names;
    const std::scoped_lock lock(mutex_);
    std::erase_if(beats_, [](const std::weak_ptr<Beat>& beat) { return beat.expired(); });
    for (const std::weak_ptr<Beat>& weak : beats_) {
        const std::shared_ptr<Beat> beat = weak.lock();
        if (beat && now.time_since_epoch() - beat->last_.load(std::memory_order_relaxed) > beat->limit_) {
            names.push_back(beat->name_);
        }
    }
    return names;
}

}  // namespace keysyncd::daemon
