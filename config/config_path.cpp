#include "config/config_path.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "config/escape.hpp"

namespace keysyncd::config {

namespace {

constexpr std::string_view credentials = "${CREDENTIALS_DIRECTORY}/";
constexpr std::string_view loaded_secret = "secret_";  // as LoadCredential=secret:FOLDER names each file of the folder

std::filesystem::path beside(const std::string& config_file, std::string_view path) {
    return (std::filesystem::absolute(config_file).parent_path() / path).lexically_normal();
}

}  // namespace

std::expected<std::filesystem::path, std::string> resolve_config_path(std::string_view text,
                                                                      const std::string& config_file) {
    if (text.starts_with(credentials)) {
        const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
        const std::string_view name = text.substr(credentials.size());
        if (folder == nullptr && name.starts_with(loaded_secret) && name.find('/') == std::string_view::npos) {
            return beside(config_file, "secrets") / name.substr(loaded_secret.size());
        }
        if (folder == nullptr || *folder != '/') {
            return std::unexpected(fmt::format(
                "{} needs the environment variable CREDENTIALS_DIRECTORY, which is not set: systemd sets it for a "
                "service with LoadCredential= (without it secret_NAME is looked for as secrets/NAME beside this file)",
                in_quotes(text)));
        }
        return std::filesystem::path(folder) / name;
    }
    if (text.starts_with('~') || text.find('$') != std::string_view::npos) {
        return std::unexpected(fmt::format(
            "{} would need expanding, and only a leading ${{CREDENTIALS_DIRECTORY}}/ is: write the path out",
            in_quotes(text)));
    }
    return beside(config_file, text);
}

}  // namespace keysyncd::config
