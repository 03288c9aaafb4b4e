#include "config/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "config/escape.hpp"

namespace keysyncd::config {

namespace {

struct Unit {
    char letter;
    std::int64_t seconds;
};

constexpr std::array units{Unit{'d', 86400}, Unit{'h', 3600}, Unit{'m', 60}, Unit{'s', 1}};
constexpr std::int64_t longest = 3650LL * 86400;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::unexpected<std::string> wrong(std::string_view text, std::string_view mend) {
    return std::unexpected(
        fmt::format("expected a duration such as 90s, 30m, 1h30m or 7d, found {}: {}", in_quotes(text), mend));
}

std::unexpected<std::string> too_long(std::string_view text) {
    return wrong(text, "the longest duration is 3650d");
}

}  // namespace

std::expected<std::chrono::seconds, std::string> parse_duration(std::string_view text) {
    if (text.empty()) {
        return wrong(text, "write a number and a unit");
    }
    if (text.front() == '-') {
        return wrong(text, "it must not be negative");
    }
    if (std::ranges::all_of(text, is_digit)) {
        return wrong(text, fmt::format("a number needs a unit; write {}s", text.substr(0, 12)));
    }
    std::int64_t total = 0;
    std::size_t next_unit = 0;  // units from here on may still come
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto digits = static_cast<std::size_t>(std::ranges::find_if_not(rest, is_digit) - rest.begin());
        if (digits == 0) {
            return wrong(text, "each part is a whole number and a unit (d, h, m or s), without spaces or signs");
        }
        std::int64_t count = 0;
        const std::string_view number = rest.substr(0, digits);
        if (std::from_chars(number.data(), number.data() + number.size(), count).ec != std::errc{}) {
            return too_long(text);
        }
        rest.remove_prefix(digits);
        if (rest.empty()) {
            return wrong(text, "the last number has no unit (d, h, m or s)");
        }
        if (rest.front() == '.' || rest.front() == ',') {
            return wrong(text, "fractions are not read; write 1h30m for one and a half hours");
        }
        const std::size_t letters = static_cast<std::size_t>(std::ranges::find_if(rest, is_digit) - rest.begin());
        const std::string_view name = rest.substr(0, letters);
        const auto* const unit =
            std::ranges::find_if(units, [&](const Unit& u) { return name == std::string(1, u.letter); });
        if (unit == units.end()) {
            return wrong(text, name == "ms" || name == "us" || name == "ns"
                                   ? std::string("the smallest unit is s")
                                   : fmt::format("{} is no unit; the units are d, h, m and s", in_quotes(name)));
        }
        const auto index = static_cast<std::size_t>(unit - units.begin());
        if (index < next_unit) {
            return wrong(text, "units stand in falling order, each once, as in 1d2h3m4s");
        }
        next_unit = index + 1;
        if (count > longest / unit->seconds) {
            return too_long(text);
        }
        total += count * unit->seconds;
        rest.remove_prefix(letters);
    }
    if (total > longest) {
        return too_long(text);
    }
    if (total == 0) {
        return wrong(text, "it must be longer than zero");
    }
    return std::chrono::seconds{total};
}

std::string format_duration(std::chrono::seconds duration) {
    std::int64_t left = duration.count();
    std::string out;
    for (const Unit& unit : units) {
        if (left >= unit.seconds) {
            out += fmt::format("{}{}", left / unit.seconds, unit.letter);
            left %= unit.seconds;
        }
    }
    return out.empty() ? "0s" : out;
}

}  // namespace keysyncd::config
