// The lanes of requests to Graph's reports family, one for each application and ledger: they outlive the engine, which
// a reload replaces, and are shared through a file beside the ledger. Owner's thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "config/settings.hpp"
#include "entra/request_lane.hpp"

namespace keysyncd::daemon {

/// For a command: the history of the daemon that has this ledger, where there is one and its file may be written; else
/// the command's own.
[[nodiscard]] std::shared_ptr<entra::RequestLane> lane_beside_daemon(const config::Settings& settings);

class RequestLanes {
  public:
    /// Of the application that the settings name.
    [[nodiscard]] std::shared_ptr<entra::RequestLane> lane(const config::Settings& settings);

  private:
    std::map<std::string, std::shared_ptr<entra::RequestLane>> lanes_;
};

}  // namespace keysyncd::daemon
