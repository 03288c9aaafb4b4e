// The bytes of one exported audit log: a plain file from some offset on, or a gzip file (RFC 1952, several members too)
// from its start. Blocking reads, bounded memory; one worker thread.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace keysyncd::entra {

class AuditFileStream {
  public:
    /// Regular files only, links followed. The error says why not.
    [[nodiscard]] static std::expected<AuditFileStream, std::string> open(const std::filesystem::path& path);
    AuditFileStream(AuditFileStream&&) noexcept;
    AuditFileStream& operator=(AuditFileStream&&) noexcept;
    ~AuditFileStream();

    [[nodiscard]] std::uint64_t device() const noexcept;
    [[nodiscard]] std::uint64_t inode() const noexcept;
    [[nodiscard]] std::uint64_t size() const noexcept;
    [[nodiscard]] std::int64_t changed() const noexcept;
    [[nodiscard]] bool compressed() const noexcept;

    /// A hash of the first `bytes` bytes; std::nullopt when there are fewer.
    [[nodiscard]] std::optional<std::uint64_t> head_hash(std::uint64_t bytes) const;

    /// Where the next read starts; plain files only.
    void seek(std::uint64_t offset) noexcept;

    enum class End : std::uint8_t {
        more,     ///< there may be more
        reached,  ///< everything was read
        early,    ///< the gzip data is not whole (yet)
    };
    struct Chunk {
        std::string_view bytes;  ///< valid until the next read
        End end = End::more;
    };
    struct Failure {
        std::string detail;
        bool damaged = false;  ///< the data themselves: another attempt finds them as they are
    };
    [[nodiscard]] std::expected<Chunk, Failure> read();

  private:
    class State;
    explicit AuditFileStream(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace keysyncd::entra
