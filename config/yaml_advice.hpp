// What the YAML library's terse complaints mean to who wrote the file, and the mend. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace keysyncd::config {

/// `complaint` of the library's about `text`, found on `line` (from 0). Other complaints stay as they are.
[[nodiscard]] std::string yaml_advice(std::string_view complaint, std::string_view text, int line);

}  // namespace keysyncd::config
