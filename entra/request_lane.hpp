// The history of one family's requests, for every reader of the same application: a reload replaces the reader, not
// what the service remembers of it. With a file also for the commands beside a daemon, and the daemon after a restart.
// Any thread. What cannot be shared is at least remembered here.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "entra/throttle.hpp"

namespace keysyncd::entra {

/// Where a history is shared between processes of one machine.
struct LaneFile {
    std::filesystem::path path;
    std::string application;  ///< whose requests: those of another one are none of ours
    bool create = false;      ///< the daemon's business: what a command of root's makes, the daemon could not open
    /// Told once that the file cannot be used, until it can be again.
    std::function<void(const std::string& detail)> on_trouble;
};

class RequestLane {
  public:
    /// In memory alone.
    RequestLane();
    explicit RequestLane(LaneFile file);
    ~RequestLane();
    RequestLane(const RequestLane&) = delete;
    RequestLane& operator=(const RequestLane&) = delete;

    /// `work` looks at the history and changes it, undisturbed by others; it must not wait for anything.
    void use(Steady now, const std::function<void(RequestHistory&)>& work);

  private:
    class SharedFile;
    void trouble(const std::string& detail);

    std::mutex mutex_;
    RequestHistory history_;
    LaneFile file_;
    bool unsaved_ = false;  ///< history_ has what the file lacks
    bool troubled_ = false;
};

}  // namespace keysyncd::entra
