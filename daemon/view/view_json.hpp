// Key, user and cycle views as JSON: the one shape that the API and `explain --format json` share. Pure.
#pragma once

#include <boost/json/object.hpp>

#include "daemon/view/key_view.hpp"

namespace keysyncd::daemon {

[[nodiscard]] boost::json::object to_json(const UserName& user);
[[nodiscard]] boost::json::object to_json(const KeyView& key);
[[nodiscard]] boost::json::object to_json(const UserView& user);
[[nodiscard]] boost::json::object to_json(const CycleView& cycle);

}  // namespace keysyncd::daemon
