// Settings back as YAML: what is in force, every default written out, for /config and for `check`. load_text reads it
// back to the same settings. Holds paths of secrets, never a secret. Pure; any thread.
#pragma once

#include <string>

#include "config/settings.hpp"

namespace keysyncd::config {

[[nodiscard]] std::string dump(const Settings& settings);

}  // namespace keysyncd::config
