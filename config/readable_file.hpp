// Can this process read a file that the configuration names? Asked at load, so that a wrong path is told with its line
// and not hours later. Blocking; any thread.
#pragma once

#include <filesystem>
#include <string>

namespace keysyncd::config {

/// What speaks against it, with the path and the system's reason; empty: nothing.
[[nodiscard]] std::string readable_file_objection(const std::filesystem::path& file);

}  // namespace keysyncd::config
