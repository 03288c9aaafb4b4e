// keysyncd run: the daemon from start to SIGTERM. Main thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daemon/process/log.hpp"

namespace keysyncd::daemon {

struct RunOptions {
    std::filesystem::path config_file;
    std::vector<std::string> listen_addresses;  ///< ADDR:PORT; empty: 127.0.0.1:10061
    std::filesystem::path web_config_file;
    bool enable_lifecycle = false;
    bool disable_users = false;
    LogLevel log_level = LogLevel::info;
    LogFormat log_format = LogFormat::logfmt;
};

/// The exit code: 0 after a clean stop, 1 where it could not start or go on, 2 where the configuration is wrong.
[[nodiscard]] int run_daemon(const RunOptions& options);

}  // namespace keysyncd::daemon
