#include "daemon/monitor/request_lanes.hpp"

#include <fmt/format.h>

#include "daemon/process/log.hpp"

namespace keysyncd::daemon {
namespace {

entra::LaneFile lane_file(const config::Settings& settings) {
    const config::EntraSettings entra = settings.entra.value_or(config::EntraSettings{});
    entra::LaneFile file;
    file.path = settings.ledger.path.string() + ".requests";
    file.application = fmt::format("{} {}", entra.tenant_id, entra.client_id);
    return file;
}

}  // namespace

std::shared_ptr<entra::RequestLane> lane_beside_daemon(const config::Settings& settings) {
    return std::make_shared<entra::RequestLane>(lane_file(settings));
}

std::shared_ptr<entra::RequestLane> RequestLanes::lane(const config::Settings& settings) {
    entra::LaneFile file = lane_file(settings);
    auto& lane = lanes_[fmt::format("{} {}", file.application, file.path.string())];
    if (!lane) {
        file.create = true;
        file.on_trouble = [](const std::string& detail) {
            log(LogLevel::warn,
                "the times of requests to Graph cannot be shared with commands, nor kept over a restart",
                {{"detail", detail}});
        };
        lane = std::make_shared<entra::RequestLane>(std::move(file));
    }
    return lane;
}

}  // namespace keysyncd::daemon
