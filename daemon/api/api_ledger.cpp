#include "daemon/api/api_ledger.hpp"

#include <utility>

#include "daemon/view/ledger_queries.hpp"

namespace keysyncd::daemon {

ApiSource ledger_api(std::function<config::Settings()> settings, Clock clock) {
    const auto open = [settings] {
        const config::Settings current = settings();
        return LedgerQueries(current, current.ledger.path);
    };
    return {
        .keys = [open, clock](const KeyFilter& filter) { return open().keys(filter, clock()); },
        .users = [open, clock](std::string_view name) { return open().users(name, clock()); },
        .cycles = [open, clock] { return open().cycles(clock()); },
        .hashes_names = [settings] { return settings().user_names == config::UserNames::hashed; },
    };
}

}  // namespace keysyncd::daemon
