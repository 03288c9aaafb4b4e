// The `credential` section of entra: exactly one of the ways in which an application proves who it is.
// Private to the loader.
#pragma once

#include "config/section.hpp"
#include "config/settings.hpp"

namespace keysyncd::config {

[[nodiscard]] Credential read_credential(Section section);

}  // namespace keysyncd::config
