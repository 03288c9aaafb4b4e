// What only time brings to an end: deletions whose patience ended are settled, and what ended before the ledger's
// retention is forgotten. The ledger's thread only.
#pragma once

#include <optional>

#include "config/settings.hpp"
#include "daemon/ledger/ledger.hpp"
#include "daemon/record/registration_matcher.hpp"

namespace keysyncd::daemon {

class Housekeeping {
  public:
    Housekeeping(Ledger& ledger, const config::Settings& settings);

    /// One transaction, cheap enough for every poll; rows are looked at for their age once an hour.
    void tidy(Instant now);

  private:
    void forget_before(Instant limit);

    Ledger* ledger_;
    Ticks retention_;
    RegistrationMatcher matcher_;
    std::optional<Instant> forgot_at_;
};

}  // namespace keysyncd::daemon
