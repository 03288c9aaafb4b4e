#include "entra/request_lane.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <expected>
#include <fstream>
#include <thread>
#include <utility>

#include "entra/request_history.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::size_t most_bytes = 64U << 10U;  // a thousand requests, with room
// Others hold the lock for a read and a write.
constexpr int lock_attempts = 40;
constexpr std::chrono::milliseconds lock_pause{5};

std::string boot_id() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

std::string words(const char* what) {
    return fmt::format("{}: {}", what, std::strerror(errno));
}

}  // namespace

/// The file, locked for as long as this lives.
class RequestLane::SharedFile {
  public:
    [[nodiscard]] static std::expected<SharedFile, std::string> open(const LaneFile& file) {
        const int number =
            ::open(file.path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (file.create ? O_CREAT : 0), 0600);
        if (number < 0) {
            return std::unexpected(words("can't be opened"));
        }
        SharedFile shared{number};
        struct stat about{};
        if (::fstat(number, &about) != 0 || !S_ISREG(about.st_mode)) {
            return std::unexpected(std::string{"is no regular file"});
        }
        for (int attempt = 0; ::flock(number, LOCK_EX | LOCK_NB) != 0; ++attempt) {
            if (errno != EWOULDBLOCK || attempt == lock_attempts) {
                return std::unexpected(words("can't be locked"));
            }
            std::this_thread::sleep_for(lock_pause);
        }
        return shared;
    }
    SharedFile(SharedFile&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    SharedFile& operator=(SharedFile&&) = delete;
    SharedFile(const SharedFile&) = delete;
    SharedFile& operator=(const SharedFile&) = delete;
    ~SharedFile() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }

    [[nodiscard]] std::string read() const {
        std::string text(most_bytes, '\0');
        const ssize_t got = ::pread(number_, text.data(), text.size(), 0);
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }

    // No synchronisation with the disk: what a power failure takes belongs to the last boot.
    [[nodiscard]] bool write(const std::string& text) const {
        return ::pwrite(number_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) &&
               ::ftruncate(number_, static_cast<off_t>(text.size())) == 0;
    }

  private:
    explicit SharedFile(int number) noexcept : number_(number) {}
    int number_;
};

RequestLane::RequestLane() = default;
RequestLane::RequestLane(LaneFile file) : file_(std::move(file)) {}
RequestLane::~RequestLane() = default;

void RequestLane::use(Steady now, const std::function<void(RequestHistory&)>& work) {
    const std::scoped_lock lock(mutex_);
    if (file_.path.empty()) {
        work(history_);
        return;
    }
    static const std::string boot = boot_id();
    const HistoryOwner owner{file_.application, boot};
    const auto shared = SharedFile::open(file_);
    if (shared) {
        if (const auto known = parse_request_history(shared->read(), owner, now)) {
            history_ = unsaved_ ? joined(history_, *known) : *known;
        }
    }
    const RequestHistory before = history_;
    work(history_);
    if (!shared) {
        unsaved_ = true;
        trouble(shared.error());
        return;
    }
    if (history_ == before && !unsaved_) {
        return;
    }
    unsaved_ = !shared->write(serialize(history_, owner));
    if (unsaved_) {
        trouble(words("can't be written"));
    } else {
        troubled_ = false;
    }
}

void RequestLane::trouble(const std::string& detail) {
    if (!std::exchange(troubled_, true) && file_.on_trouble) {
        file_.on_trouble(fmt::format("{} {}", file_.path.string(), detail));
    }
}

}  // namespace keysyncd::entra
