// The line that `keysyncd report` writes over and over while it reads: how many, how fast, how long still. Only on a
// terminal; nothing where nobody looks.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace keysyncd::daemon {

/// `expected`: how many there are, where that is known; a bar and the remaining time need it. Pure.
[[nodiscard]] std::string progress_text(std::string_view source, std::uint64_t done,
                                        std::optional<std::uint64_t> expected, std::chrono::duration<double> elapsed);

class ProgressLine {
  public:
    ProgressLine(std::ostream& err, std::optional<std::uint64_t> expected);
    /// Takes the line away.
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void show(std::string_view source, std::uint64_t done);

  private:
    std::ostream& err_;
    bool shown_;
    std::optional<std::uint64_t> expected_;
    std::string source_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::optional<std::chrono::steady_clock::time_point> last_;
};

}  // namespace keysyncd::daemon
