#include "daemon/process/file_stamp.hpp"

#include <sys/stat.h>

namespace keysyncd::daemon {

std::vector<FileStamp> stamps_of(std::span<const std::filesystem::path> files) {
    std::vector<FileStamp> stamps;
    for (const auto& file : files) {
        struct stat status{};
        FileStamp& stamp = stamps.emplace_back();
        if (stat(file.c_str(), &status) == 0) {
            constexpr std::int64_t nanoseconds = 1'000'000'000;
            stamp = {.modified = status.st_mtim.tv_sec * nanoseconds + status.st_mtim.tv_nsec,
                     .size = status.st_size,
                     .inode = status.st_ino};
        }
    }
    return stamps;
}

}  // namespace keysyncd::daemon
