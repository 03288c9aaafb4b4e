#include "ldap/windows_time.hpp"

#include <cstddef>

namespace keysyncd::ldap {
namespace {

/// Reads decimal digits off the front of a text that it shortens.
class DigitReader {
  public:
    explicit DigitReader(std::string_view text) noexcept : text_{text} {}

    [[nodiscard]] std::optional<int> take(std::size_t count) noexcept {
        if (text_.size() < count) {
            return std::nullopt;
        }
        int value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const char c = text_[i];
            if (c < '0' || c > '9') {
                return std::nullopt;
            }
            value = value * 10 + (c - '0');
        }
        text_.remove_prefix(count);
        return value;
    }

    [[nodiscard]] bool skip(std::string_view any_of) noexcept {
        if (text_.empty() || any_of.find(text_.front()) == std::string_view::npos) {
            return false;
        }
        text_.remove_prefix(1);
        return true;
    }

    [[nodiscard]] bool at_digit() const noexcept { return !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; }
    [[nodiscard]] char front() const noexcept { return text_.empty() ? '\0' : text_.front(); }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

  private:
    std::string_view text_;
};

/// "Z" or "+hh[mm]" or "-hh[mm]" up to the end.
std::optional<std::chrono::minutes> read_offset(DigitReader& reader) noexcept {
    if (reader.skip("Z")) {
        return reader.empty() ? std::optional{std::chrono::minutes{0}} : std::nullopt;
    }
    const bool west = reader.front() == '-';
    if (!reader.skip("+-")) {
        return std::nullopt;
    }
    const auto hours = reader.take(2);
    const auto minutes = reader.empty() ? std::optional{0} : reader.take(2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59 || !reader.empty()) {
        return std::nullopt;
    }
    const std::chrono::minutes offset{*hours * 60 + *minutes};
    return west ? -offset : offset;
}

/// False for a decimal sign without digits.
bool skip_fraction(DigitReader& reader) noexcept {
    if (!reader.skip(".,")) {
        return true;
    }
    const bool has_digits = reader.at_digit();
    while (reader.skip("0123456789")) {
    }
    return has_digits;
}

std::optional<std::chrono::sys_seconds> combine(int year, int month, int day, int hour, int minute,
                                                int second) noexcept {
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) {
        return std::nullopt;
    }
    return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
           std::chrono::seconds{second};
}

}  // namespace

std::optional<std::chrono::sys_seconds> parse_generalized_time(std::string_view text) noexcept {
    DigitReader reader{text};
    const auto year = reader.take(4);
    const auto month = reader.take(2);
    const auto day = reader.take(2);
    const auto hour = reader.take(2);
    if (!year || !month || !day || !hour) {
        return std::nullopt;
    }
    const auto minute = reader.at_digit() ? reader.take(2) : std::optional{0};
    const auto second = reader.at_digit() ? reader.take(2) : std::optional{0};
    if (!minute || !second || !skip_fraction(reader)) {
        return std::nullopt;
    }
    const auto offset = read_offset(reader);
    const auto local = combine(*year, *month, *day, *hour, *minute, *second);
    if (!offset || !local) {
        return std::nullopt;
    }
    return *local - *offset;
}

std::optional<std::chrono::sys_seconds> parse_xml_time(std::string_view text) noexcept {
    DigitReader reader{text};
    const auto year = reader.take(4);
    const bool first_dash = reader.skip("-");
    const auto month = reader.take(2);
    const bool second_dash = reader.skip("-");
    const auto day = reader.take(2);
    const bool separator = reader.skip("Tt ");
    const auto hour = reader.take(2);
    const bool first_colon = reader.skip(":");
    const auto minute = reader.take(2);
    const bool second_colon = reader.skip(":");
    const auto second = reader.take(2);
    if (!first_dash || !second_dash || !separator || !first_colon || !second_colon || !year || !month || !day ||
        !hour || !minute || !second || !skip_fraction(reader)) {
        return std::nullopt;
    }
    static_cast<void>(reader.skip("Zz"));
    return reader.empty() ? combine(*year, *month, *day, *hour, *minute, *second) : std::nullopt;
}

}  // namespace keysyncd::ldap
