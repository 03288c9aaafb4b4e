// Where the API gets its answers: the ledger in the daemon (daemon/api_ledger.hpp), canned ones in tests.
// Called on the API's own thread, never on the web server's; they may read the disk and may throw.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/view/key_view.hpp"

namespace keysyncd::daemon {

struct ApiSource {
    /// std::nullopt: the cursor is not one that was given out.
    std::function<std::optional<KeyPage>(const KeyFilter&)> keys;
    std::function<std::vector<UserView>(std::string_view name)> users;
    std::function<std::vector<CycleView>()> cycles;
    /// privacy.user_names: hashed. Names in answers become digests; whoever knows a name can still ask for it.
    std::function<bool()> hashes_names;
};

}  // namespace keysyncd::daemon
