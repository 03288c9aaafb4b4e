// The `bind` section of a domain: each method with the keys that it needs, and no others. Private to the loader.
#pragma once

#include "config/section.hpp"
#include "config/settings.hpp"

namespace keysyncd::config {

[[nodiscard]] BindSettings read_bind(Section& domain);

}  // namespace keysyncd::config
