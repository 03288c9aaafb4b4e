// One look at both sides without a daemon, for explain and report: the same readers, recorders and queries that the
// daemon uses, over a ledger in memory. Blocking; the caller's thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "daemon/command/wanted_user.hpp"
#include "daemon/ledger/ledger.hpp"
#include "daemon/process/clock.hpp"

namespace keysyncd::daemon {

struct SurveyScope {
    std::chrono::seconds since{};  ///< how far back keys are measured and registrations are read
    std::string user;              ///< empty: everybody; else UPN, sAMAccountName, DN, objectGUID or SID
};

struct SurveyResult {
    std::unique_ptr<Ledger> ledger;     ///< in memory
    std::vector<std::string> problems;  ///< sources that could not be read, one line each
    std::uint64_t users_read = 0;
    std::vector<SurveyedAccount> accounts;  ///< of the one user that was asked for, one a domain at most
};

/// Told what is being read, and how many users so far; 0 where they are not counted.
using SurveyProgress = std::function<void(std::string_view source, std::uint64_t users)>;

[[nodiscard]] SurveyResult survey(const config::Settings& settings, const SurveyScope& scope, const Clock& clock,
                                  const SurveyProgress& progress);

}  // namespace keysyncd::daemon
