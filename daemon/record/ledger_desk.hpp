// What work on the ledger has before it: the ledger and those who record in it. Whoever holds one is on the ledger's
// thread.
#pragma once

#include <functional>

#include "config/settings.hpp"
#include "daemon/ledger/ledger.hpp"
#include "daemon/record/account_recorder.hpp"
#include "daemon/record/directory_recorder.hpp"
#include "daemon/record/housekeeping.hpp"
#include "daemon/record/method_recorder.hpp"
#include "daemon/record/registration_recorder.hpp"
#include "daemon/record/tenant_recorder.hpp"

namespace keysyncd::daemon {

struct LedgerDesk {
    LedgerDesk(Ledger& opened, const config::Settings& settings);
    ~LedgerDesk() = default;
    LedgerDesk(const LedgerDesk&) = delete;  // the recorders know each other
    LedgerDesk& operator=(const LedgerDesk&) = delete;

    Ledger& ledger;
    DirectoryRecorder directory;
    RegistrationRecorder registrations;
    AccountRecorder accounts;
    TenantRecorder tenant;
    MethodRecorder methods;
    Housekeeping housekeeping;
};

/// Runs work there and waits for it: in the daemon on the ledger's thread, for a single look on the caller's.
using AtLedgerDesk = std::function<void(const std::function<void(LedgerDesk&)>&)>;

}  // namespace keysyncd::daemon
