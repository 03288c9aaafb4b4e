#include "config/config_path.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "config/escape.hpp"

namespace keysyncd::config {

namespace {

constexpr std::string_view credentials = "${CREDENTIALS_DIRECTORY}/";

}  // namespace

std::expected<std::filesystem::path, std::string> resolve_config_path(std::string_view text,
                                                                      const std::string& config_file) {
    if (text.starts_with(credentials)) {
        const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
        if (folder == nullptr || *folder != '/') {
            return std::unexpected(fmt::format(
                "{} needs the environment variable CREDENTIALS_DIRECTORY, which is not set: systemd sets it "
                "for a service with LoadCredential=",
                in_quotes(text)));
        }
        return std::filesystem::path(folder) / text.substr(credentials.size());
    }
    if (text.starts_with('~') || text.find('$') != std::string_view::npos) {
        return std::unexpected(fmt::format(
            "{} would need expanding, and only a leading ${{CREDENTIALS_DIRECTORY}}/ is: write the path out",
            in_quotes(text)));
    }
    return (std::filesystem::absolute(config_file).parent_path() / text).lexically_normal();
}

}  // namespace keysyncd::config
