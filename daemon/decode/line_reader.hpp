// Lines of an input that may be huge or hostile: read in blocks, never more than a limit kept of one line.
// For one thread. A line ends with LF or CR LF or with the input.
#pragma once

#include <array>
#include <cstddef>
#include <istream>
#include <string>

namespace keysyncd::daemon {

class LineReader {
  public:
    LineReader(std::istream& in, std::size_t longest) : in_{in}, longest_{longest} {}

    /// False at the end. `line` holds at most `longest` bytes; overlong() tells whether more was there.
    [[nodiscard]] bool next(std::string& line);
    [[nodiscard]] bool overlong() const noexcept { return overlong_; }

  private:
    [[nodiscard]] bool fill();
    void keep(std::string& line, const char* from, std::size_t count);

    std::istream& in_;
    std::size_t longest_;
    bool overlong_ = false;
    std::array<char, 65536> block_{};
    std::size_t at_ = 0;
    std::size_t end_ = 0;
};

}  // namespace keysyncd::daemon
