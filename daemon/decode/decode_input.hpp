// What the decode command is given, one value after the other: raw lines or LDIF (RFC 2849), told apart line by line.
// LDIF: folded lines joined, comments and other attributes skipped, base64 marked, the entry's DN remembered.
// For one thread; keeps one value at a time.
#pragma once

#include <cstddef>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/decode/line_reader.hpp"

namespace keysyncd::daemon {

struct InputValue {
    std::size_t number = 0;  ///< 1 for the first
    std::size_t line = 0;    ///< where it begins, 1 for the first
    std::string text;
    bool base64 = false;    ///< LDIF said so ("::")
    bool by_url = false;    ///< LDIF gave an address instead (":<")
    bool overlong = false;  ///< only its beginning was kept
    std::string entry_dn;   ///< LDIF's dn: line, "" without
};

class DecodeInput {
  public:
    static constexpr std::size_t longest_value = std::size_t{4} << 20U;

    explicit DecodeInput(std::istream& in) : lines_{in, longest_value} {}

    /// std::nullopt at the end.
    [[nodiscard]] std::optional<InputValue> next();

  private:
    struct LogicalLine {
        std::string text;
        std::size_t number = 0;
        bool overlong = false;
    };
    [[nodiscard]] std::optional<LogicalLine> next_line();
    [[nodiscard]] bool read_physical();
    [[nodiscard]] InputValue make_value(const LogicalLine& line, std::string_view text);
    /// The value if this line of LDIF holds one, and what else it means for the lines after it.
    [[nodiscard]] std::optional<InputValue> read_attribute(const LogicalLine& line, std::size_t colon);

    LineReader lines_;
    std::string ahead_;  ///< the physical line not yet used
    bool has_ahead_ = false;
    bool ahead_overlong_ = false;
    std::size_t lines_read_ = 0;
    std::size_t values_ = 0;
    bool in_entry_ = false;
    std::string entry_dn_;
};

}  // namespace keysyncd::daemon
