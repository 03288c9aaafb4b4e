#include "entra/audit_file_stream.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace keysyncd::entra {
namespace {

constexpr std::size_t chunk_bytes = 256U << 10U;

class Descriptor {
  public:
    explicit Descriptor(int number) noexcept : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    [[nodiscard]] int get() const noexcept { return number_; }

  private:
    int number_;
};

/// zlib's state, ended where it was begun.
class Inflater {
  public:
    Inflater() : good_(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK) {}
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    ~Inflater() {
        if (good_) {
            inflateEnd(&stream);
        }
    }
    z_stream stream{};

  private:
    bool good_ = false;
};

}  // namespace

class AuditFileStream::State {
  public:
    State(int descriptor, const struct stat& known) : file(descriptor), about(known), in(chunk_bytes) {}

    /// 0 at the end of the file.
    [[nodiscard]] std::expected<std::size_t, Failure> fill() {
        ssize_t got = 0;
        do {
            got = ::pread(file.get(), in.data(), in.size(), static_cast<off_t>(offset));
        } while (got < 0 && errno == EINTR);
        if (got < 0) {
            return std::unexpected(Failure{fmt::format("can't be read: {}", std::strerror(errno))});
        }
        offset += static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
    }

    [[nodiscard]] std::expected<Chunk, Failure> read_plain() {
        const auto got = fill();
        if (!got) {
            return std::unexpected(got.error());
        }
        return Chunk{{in.data(), *got}, *got == 0 ? End::reached : End::more};
    }

    [[nodiscard]] std::expected<Chunk, Failure> read_compressed() {
        z_stream& z = inflater->stream;
        if (z.avail_in == 0) {
            const auto got = fill();
            if (!got) {
                return std::unexpected(got.error());
            }
            if (*got == 0) {
                return Chunk{{}, member_ended ? End::reached : End::early};
            }
            z.next_in = reinterpret_cast<Bytef*>(in.data());
            z.avail_in = static_cast<uInt>(*got);
        }
        if (member_ended) {
            inflateReset(&z);  // another member follows
            member_ended = false;
        }
        out.resize(chunk_bytes);
        z.next_out = reinterpret_cast<Bytef*>(out.data());
        z.avail_out = static_cast<uInt>(out.size());
        const int code = inflate(&z, Z_NO_FLUSH);
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
            return std::unexpected(
                Failure{fmt::format("the gzip data is damaged: {}", z.msg == nullptr ? "" : z.msg), true});
        }
        member_ended = code == Z_STREAM_END;
        return Chunk{{out.data(), out.size() - z.avail_out}, End::more};
    }

    Descriptor file;
    struct stat about;
    std::vector<char> in;
    std::vector<char> out;
    std::uint64_t offset = 0;
    std::unique_ptr<Inflater> inflater;  ///< of compressed files
    bool member_ended = false;
};

AuditFileStream::AuditFileStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
AuditFileStream::AuditFileStream(AuditFileStream&&) noexcept = default;
AuditFileStream& AuditFileStream::operator=(AuditFileStream&&) noexcept = default;
AuditFileStream::~AuditFileStream() = default;

std::expected<AuditFileStream, std::string> AuditFileStream::open(const std::filesystem::path& path) {
    // Not blocking: a pipe in the folder must not hold up the others. It is refused below.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        return std::unexpected(fmt::format("can't be opened: {}", std::strerror(errno)));
    }
    struct stat about{};
    const bool known = ::fstat(descriptor, &about) == 0;
    auto state = std::make_unique<State>(descriptor, about);
    if (!known || !S_ISREG(about.st_mode)) {
        return std::unexpected(std::string{"is no regular file"});
    }
    std::array<char, 4> magic{};
    const ssize_t got = ::pread(descriptor, magic.data(), magic.size(), 0);
    const std::string_view head{magic.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
    if (head.starts_with("\x1F\x8B")) {
        state->inflater = std::make_unique<Inflater>();
    } else if (head == std::string_view{"Obj\x01"} || head == "PAR1") {
        return std::unexpected(std::string{"is an Avro or Parquet file: have the audit log exported as JSON"});
    }
    return AuditFileStream(std::move(state));
}

std::uint64_t AuditFileStream::device() const noexcept {
    return state_->about.st_dev;
}
std::uint64_t AuditFileStream::inode() const noexcept {
    return state_->about.st_ino;
}
std::uint64_t AuditFileStream::size() const noexcept {
    return static_cast<std::uint64_t>(state_->about.st_size);
}
std::int64_t AuditFileStream::changed() const noexcept {
    return state_->about.st_mtim.tv_sec * 1'000'000'000 + state_->about.st_mtim.tv_nsec;
}
bool AuditFileStream::compressed() const noexcept {
    return state_->inflater != nullptr;
}

std::optional<std::uint64_t> AuditFileStream::head_hash(std::uint64_t bytes) const {
    std::array<unsigned char, 1024> head{};
    if (bytes > head.size() || ::pread(state_->file.get(), head.data(), bytes, 0) != static_cast<ssize_t>(bytes)) {
        return std::nullopt;
    }
    std::uint64_t hash = 0xCBF29CE484222325U;  // FNV-1a
    for (std::size_t i = 0; i < bytes; ++i) {
        hash = (hash ^ head[i]) * 0x100000001B3U;
    }
    return hash;
}

void AuditFileStream::seek(std::uint64_t offset) noexcept {
    state_->offset = offset;
}

std::expected<AuditFileStream::Chunk, AuditFileStream::Failure> AuditFileStream::read() {
    return state_->inflater ? state_->read_compressed() : state_->read_plain();
}

}  // namespace keysyncd::entra
