#include "config/readable_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace keysyncd::config {

std::string readable_file_objection(const std::filesystem::path& file) {
    const auto refused = [&] {
        return fmt::format("cannot open {}: {}", file.string(), std::generic_category().message(errno));
    };
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) {
        return refused();
    }
    if (S_ISDIR(status.st_mode)) {
        return fmt::format("expected a file, but {} is a directory", file.string());
    }
    if (::faccessat(AT_FDCWD, file.c_str(), R_OK, AT_EACCESS) != 0) {
        return refused();
    }
    return {};
}

}  // namespace keysyncd::config
