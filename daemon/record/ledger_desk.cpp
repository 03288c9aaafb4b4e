#include "daemon/record/ledger_desk.hpp"

namespace keysyncd::daemon {

LedgerDesk::LedgerDesk(Ledger& opened, const config::Settings& settings)
    : ledger(opened),
      directory(opened, settings.sync),
      registrations(opened, settings),
      accounts(opened, settings, registrations),
      tenant(opened, settings.entra),
      methods(opened, settings.sync, directory.users.findings),
      housekeeping(opened, settings) {}

}  // namespace keysyncd::daemon
