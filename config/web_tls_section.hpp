// The `tls_server_config` section of a web.config.file. Private to the loader; one thread.
#pragma once

#include "config/section.hpp"
#include "config/web_settings.hpp"

namespace keysyncd::config {

[[nodiscard]] WebTlsSettings read_web_tls(Section section);

}  // namespace keysyncd::config
