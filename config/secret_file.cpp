#include "config/secret_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "config/readable_file.hpp"

namespace keysyncd::config {

namespace {

constexpr std::size_t secret_limit = 64UL * 1024;

std::string error_text(int error) {
    return std::generic_category().message(error);
}

std::string emptiness(const std::filesystem::path& file) {
    return fmt::format("{} is empty: write the secret into it", file.string());
}

/// A descriptor that is closed when it goes.
class Descriptor {
  public:
    explicit Descriptor(const std::filesystem::path& file)
        : fd_(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {}  // NONBLOCK: never wait on a FIFO
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    [[nodiscard]] int get() const noexcept { return fd_; }

  private:
    int fd_;
};

bool has_no_bytes(const std::filesystem::path& file) {
    const Descriptor descriptor(file);
    char byte = 0;
    const ssize_t got = ::read(descriptor.get(), &byte, 1);
    ::explicit_bzero(&byte, 1);
    return got == 0;
}

}  // namespace

Secret::Secret(std::string value) : value_(value) {
    Secret original;
    original.value_.swap(value);  // its destructor wipes the caller's copy
}

Secret::Secret(Secret&& other) noexcept : value_(std::move(other.value_)) {
    other.wipe();
}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        value_ = std::move(other.value_);
        other.wipe();
    }
    return *this;
}

Secret::~Secret() {
    wipe();
}

void Secret::wipe() noexcept {
    value_.resize(
        value_.capacity());  // within the capacity: no allocation; reaches what a move left in the small buffer
    ::explicit_bzero(value_.data(), value_.size());
    value_.clear();
}

std::expected<Secret, std::string> read_secret_file(const std::filesystem::path& file) {
    const Descriptor descriptor(file);
    if (descriptor.get() < 0) {
        return std::unexpected(fmt::format("cannot open {}: {}", file.string(), error_text(errno)));
    }
    // Read to the end rather than trust st_size: a secret may come through /proc/self/fd or another special file.
    std::string buffer(secret_limit + 2,
                       '\0');  // one newline more than the limit, and one byte to see that it is passed
    std::size_t size = 0;
    while (size < buffer.size()) {
        const ssize_t got = ::read(descriptor.get(), buffer.data() + size, buffer.size() - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            const int error = errno;
            ::explicit_bzero(buffer.data(), buffer.size());
            return std::unexpected(fmt::format("cannot read {}: {}", file.string(), error_text(error)));
        }
        if (got == 0) {
            break;
        }
        size += static_cast<std::size_t>(got);
    }
    if (size > 0 && buffer[size - 1] == '\n') {
        --size;
        if (size > 0 && buffer[size - 1] == '\r') {
            --size;
        }
    }
    std::string value(buffer, 0, size);
    ::explicit_bzero(buffer.data(), buffer.size());
    Secret secret(std::move(value));
    if (size > secret_limit) {
        return std::unexpected(fmt::format("{} is longer than 64 KiB: this is not a secret", file.string()));
    }
    if (secret.empty()) {
        return std::unexpected(emptiness(file));
    }
    return secret;
}

std::string secret_file_objection(const std::filesystem::path& file) {
    if (std::string objection = readable_file_objection(file); !objection.empty()) {
        return objection;
    }
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) {
        return fmt::format("cannot open {}: {}", file.string(), error_text(errno));
    }
    // Size 0 alone proves nothing: some file systems tell it of files that they make up while they are read.
    if (S_ISREG(status.st_mode) && status.st_size == 0 && has_no_bytes(file)) {
        return emptiness(file);
    }
    const auto mode = static_cast<unsigned>(status.st_mode) & 07777U;
    if (S_ISREG(status.st_mode) && (mode & 07U) != 0) {
        return fmt::format("{} holds a secret and is open to every user (mode {:04o}): run chmod 600 {}", file.string(),
                           mode, file.string());
    }
    if (S_ISREG(status.st_mode) && (mode & 020U) != 0) {
        return fmt::format("{} holds a secret and may be written by its group (mode {:04o}): run chmod g-w {}",
                           file.string(), mode, file.string());
    }
    return {};
}

}  // namespace keysyncd::config
