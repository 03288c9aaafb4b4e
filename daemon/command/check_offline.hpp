// `keysyncd check` without --online: is the configuration sound? Every problem is one line that names file, line,
// column and key, so that editors can jump to it. No network is used. Main thread, before anything is started.
#pragma once

#include <filesystem>
#include <iosfwd>

namespace keysyncd::daemon {

/// The exit code: 0 where the file is sound (warnings may have been printed), 2 where it is not.
[[nodiscard]] int check_offline(const std::filesystem::path& config_file, std::ostream& out);

/// The same with a web.config.file beside it; an empty path means none.
[[nodiscard]] int check_offline(const std::filesystem::path& config_file, const std::filesystem::path& web_config_file,
                                std::ostream& out);

}  // namespace keysyncd::daemon
