// Secrets: read from their file when they are needed, held as short as possible, wiped afterwards, never printed.
// A Secret has no stream operator and no formatter on purpose; expose() is the one way to its bytes.
// Blocking file reads: call from a worker thread. A Secret belongs to one thread at a time.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

namespace keysyncd::config {

class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string value);
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret();

    /// Valid while this object lives. NUL-terminated just behind its end, for C interfaces.
    [[nodiscard]] std::string_view expose() const noexcept { return value_; }
    [[nodiscard]] bool empty() const noexcept { return value_.empty(); }

  private:
    void wipe() noexcept;
    std::string value_;
};

/// The file's text without one trailing newline. At most 64 KiB; an empty secret is an error, as it never works.
/// The error names the path and what is wrong, never the contents.
[[nodiscard]] std::expected<Secret, std::string> read_secret_file(const std::filesystem::path& file);

/// What speaks against holding a secret in this file: missing, not readable, a directory, open to others or writable
/// by its group. A file that its group may read is accepted: root:keysyncd 0640 is how a service gets a secret.
/// Empty: nothing.
[[nodiscard]] std::string secret_file_objection(const std::filesystem::path& file);

}  // namespace keysyncd::config
