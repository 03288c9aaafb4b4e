#include <glob.h>

#include <algorithm>
#include <set>

#include "entra/audit_file_reader.hpp"

namespace keysyncd::entra {
namespace {

namespace fs = std::filesystem;

struct Found {
    fs::file_time_type changed;
    fs::path path;
    bool operator<(const Found& other) const {
        return changed != other.changed ? changed < other.changed : path < other.path;
    }
};

/// glob(3)'s list, freed.
class Matches {
  public:
    explicit Matches(const std::string& pattern) : failed_(::glob(pattern.c_str(), 0, nullptr, &list_) != 0) {}
    Matches(const Matches&) = delete;
    Matches& operator=(const Matches&) = delete;
    ~Matches() { ::globfree(&list_); }

    template <typename Use>
    void each(Use use) const {
        for (std::size_t i = 0; !failed_ && i < list_.gl_pathc; ++i) {
            use(fs::path{list_.gl_pathv[i]});
        }
    }

  private:
    glob_t list_{};
    bool failed_ = false;
};

void take_file(const fs::path& path, std::set<Found>& found) {
    std::error_code failed;
    if (fs::is_regular_file(path, failed)) {
        const auto changed = fs::last_write_time(path, failed);
        found.insert({failed ? fs::file_time_type{} : changed, path});
    }
}

}  // namespace

std::vector<fs::path> expand_patterns(const std::vector<std::string>& patterns) {
    std::set<Found> found;
    for (const std::string& pattern : patterns) {
        Matches(pattern).each([&](const fs::path& path) {
            std::error_code failed;
            if (!fs::is_directory(path, failed)) {
                take_file(path, found);
                return;
            }
            for (fs::directory_iterator at(path, failed), end; !failed && at != end; at.increment(failed)) {
                if (!at->path().filename().string().starts_with('.')) {
                    take_file(at->path(), found);
                }
            }
        });
    }
    std::vector<fs::path> paths;
    std::set<fs::path> once;
    for (const Found& file : found) {
        if (once.insert(file.path).second) {
            paths.push_back(file.path);
        }
    }
    return paths;
}

}  // namespace keysyncd::entra
