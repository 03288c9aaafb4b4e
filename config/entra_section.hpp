// The `entra` section: the tenant, the application's credential, and how registrations are read. Private to the loader.
#pragma once

#include "config/section.hpp"
#include "config/settings.hpp"

namespace keysyncd::config {

[[nodiscard]] EntraSettings read_entra(Section section);

}  // namespace keysyncd::config
