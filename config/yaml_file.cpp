#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "config/yaml_document.hpp"

namespace keysyncd::config {

namespace {

constexpr std::size_t size_limit = 1024UL * 1024;

struct FileCloser {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

}  // namespace

bool read_yaml_file(const std::string& file_name, std::string& text, Problems& problems) {
    const auto refuse = [&](const std::string& why) {
        problems.push_back({file_name, 0, 0, "", why});
        return false;
    };
    const auto errno_text = [] { return std::generic_category().message(errno); };
    const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(file_name.c_str(), "rbe"));
    if (!file) {
        return refuse(fmt::format("cannot open the configuration file: {}", errno_text()));
    }
    text.resize(size_limit + 1);
    errno = 0;
    const std::size_t size = std::fread(text.data(), 1, text.size(), file.get());
    if (std::ferror(file.get()) != 0) {
        return refuse(fmt::format("cannot read the configuration file: {}", errno_text()));
    }
    if (size > size_limit) {
        return refuse("the file is larger than 1 MiB: this is not a configuration of keysyncd");
    }
    text.resize(size);
    return true;
}

}  // namespace keysyncd::config
