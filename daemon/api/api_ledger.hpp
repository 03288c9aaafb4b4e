// The API's answers from the ledger's file: each question opens it for reading, so that a reload or a rebuilt ledger
// needs nothing here, and the writing thread is never waited for.
#pragma once

#include <functional>

#include "config/settings.hpp"
#include "daemon/api/api_source.hpp"
#include "daemon/process/clock.hpp"

namespace keysyncd::daemon {

/// `settings` is called on the API's thread: those in force.
[[nodiscard]] ApiSource ledger_api(std::function<config::Settings()> settings, Clock clock);

}  // namespace keysyncd::daemon
