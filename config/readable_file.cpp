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
    // Opened rather than asked for: access checks that libraries emulate know nothing of access control lists.
    // NONBLOCK: a FIFO without a writer must not hold us.
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return refused();
    }
    ::close(fd);
    return {};
}

}  // namespace keysyncd::config
