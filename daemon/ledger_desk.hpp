// What work on the ledger has before it: the ledger and those who record in it. Whoever holds one is on the ledger's
// thread.
#pragma once

#include <functional>

#include "daemon/directory_recorder.hpp"
#include "daemon/ledger.hpp"
#include "daemon/method_recorder.hpp"
#include "daemon/registration_recorder.hpp"

namespace keysyncd::daemon {

struct LedgerDesk {
    Ledger& ledger;
    DirectoryRecorder& directory;
    RegistrationRecorder& registrations;
    MethodRecorder& methods;
};

/// Runs work there and waits for it: in the daemon on the ledger's thread, for a single look on the caller's.
using AtLedgerDesk = std::function<void(const std::function<void(LedgerDesk&)>&)>;

}  // namespace keysyncd::daemon
