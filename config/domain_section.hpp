// The `domains` section: one Active Directory domain each. Private to the loader; one thread.
#pragma once

#include <vector>

#include "config/section.hpp"
#include "config/settings.hpp"

namespace keysyncd::config {

[[nodiscard]] std::vector<DomainSettings> read_domains(Section& root);

}  // namespace keysyncd::config
