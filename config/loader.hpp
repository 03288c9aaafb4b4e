// Reads keysyncd.yaml into Settings, or tells everything that is wrong with it: syntax, unknown keys, types, units,
// missing files, secrets that stand where they must not. No network is used. Any thread.
// Paths that are relative are taken from the folder of the configuration file; a path may begin with
// ${CREDENTIALS_DIRECTORY}, which systemd sets for services with LoadCredential=. Nothing else is expanded.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

#include "config/problem.hpp"
#include "config/settings.hpp"

namespace keysyncd::config {

/// Warnings of a sound file go to `warnings` where one is given; the problems of an unsound one hold them too.
[[nodiscard]] std::expected<Settings, Problems> load(const std::filesystem::path& file, Problems* warnings = nullptr);

/// The same from memory. `file_name` is what problems name, and its folder is where relative paths start.
[[nodiscard]] std::expected<Settings, Problems> load_text(std::string_view text, const std::string& file_name,
                                                          Problems* warnings = nullptr);

}  // namespace keysyncd::config
