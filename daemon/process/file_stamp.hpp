// Tells whether files have changed on disk, also when they were replaced or stand behind a switched symbolic link.
// Pure but for stat(2).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace keysyncd::daemon {

struct FileStamp {
    std::int64_t modified = 0;  ///< ns since 1970; all 0: there is no such file
    off_t size = 0;
    ino_t inode = 0;

    friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

[[nodiscard]] std::vector<FileStamp> stamps_of(std::span<const std::filesystem::path> files);

}  // namespace keysyncd::daemon
