// Paths in a configuration file: relative ones start at the folder of that file, and ${CREDENTIALS_DIRECTORY} at the
// start stands for the folder in which systemd puts a service's credentials (systemd.exec(5), LoadCredential=).
// Who runs a command from a shell has no such folder: there secret_NAME, which our unit makes of every file in
// /etc/keysyncd/secrets, is that file itself: secrets/NAME beside the configuration file.
// Reads the environment; any thread as long as nobody changes it.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

namespace keysyncd::config {

[[nodiscard]] std::expected<std::filesystem::path, std::string> resolve_config_path(std::string_view text,
                                                                                    const std::string& config_file);

}  // namespace keysyncd::config
