#include "daemon/view/key_view.hpp"

#include <algorithm>

#include "daemon/rules/advice.hpp"

namespace keysyncd::daemon {

void settle_next_write(UserView& user) {
    user.blocked_by.reset();
    for (const KeyView& key : user.keys) {
        if (waits(key) && key.cause && needs_mending(*key.cause)) {
            user.blocked_by = key.cause;
            break;
        }
    }
    if (user.blocked_by || std::ranges::none_of(user.keys, waits)) {
        user.next_write.reset();
    }
}

}  // namespace keysyncd::daemon
