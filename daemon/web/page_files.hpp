// The files of the status page, embedded at build time from the files beside this one.
#pragma once

#include <string_view>

namespace keysyncd::daemon {

/// Empty: there is no such file.
[[nodiscard]] std::string_view page_file(std::string_view name);

}  // namespace keysyncd::daemon
