#include "entra/graph_time.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace keysyncd::entra {
namespace {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Takes from the front of the text; every miss is remembered by `good`.
struct Scanner {
    std::string_view rest;
    bool good = true;

    int number(std::size_t digits) {
        int value = 0;
        if (rest.size() < digits) {
            good = false;
            return 0;
        }
        for (std::size_t i = 0; i < digits; ++i) {
            good = good && is_digit(rest[i]);
            value = value * 10 + (rest[i] - '0');
        }
        rest.remove_prefix(digits);
        return good ? value : 0;
    }
    void expect(char upper, char lower) {
        if (rest.empty() || (rest.front() != upper && rest.front() != lower)) {
            good = false;
            return;
        }
        rest.remove_prefix(1);
    }
    void expect(char c) { expect(c, c); }

    Ticks fraction() {
        if (rest.empty() || rest.front() != '.') {
            return Ticks{0};
        }
        rest.remove_prefix(1);
        good = good && !rest.empty() && is_digit(rest.front());
        std::int64_t value = 0;
        std::int64_t unit = 1'000'000;
        while (!rest.empty() && is_digit(rest.front())) {
            value += unit * (rest.front() - '0');  // digits beyond the seventh weigh nothing
            unit /= 10;
            rest.remove_prefix(1);
        }
        return Ticks{value};
    }

    std::chrono::minutes offset() {
        if (rest.empty() || (rest.front() != '+' && rest.front() != '-')) {
            expect('Z', 'z');
            return std::chrono::minutes{0};
        }
        const int sign = rest.front() == '-' ? -1 : 1;
        rest.remove_prefix(1);
        const int hours = number(2);
        expect(':');
        const int minutes = number(2);
        good = good && hours < 24 && minutes < 60;
        return std::chrono::minutes{sign * (hours * 60 + minutes)};
    }
};

}  // namespace

std::optional<Instant> parse_rfc3339(std::string_view text) noexcept {
    Scanner scan{text};
    const int year = scan.number(4);
    scan.expect('-');
    const int month = scan.number(2);
    scan.expect('-');
    const int day = scan.number(2);
    scan.expect('T', 't');
    const int hour = scan.number(2);
    scan.expect(':');
    const int minute = scan.number(2);
    scan.expect(':');
    const int second = scan.number(2);
    const Ticks fraction = scan.fraction();
    const std::chrono::minutes offset = scan.offset();
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    // 60 is a leap second, which RFC 3339 allows; it is the first second of the next minute here.
    if (!scan.good || !scan.rest.empty() || !date.ok() || hour > 23 || minute > 59 || second > 60) {
        return std::nullopt;
    }
    return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} - offset +
           std::chrono::seconds{second} + fraction;
}

std::string format_rfc3339(Instant at, int fraction_digits) {
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::int64_t ticks = (at - day).count();
    const std::int64_t seconds = ticks / Ticks::period::den;
    std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                   seconds / 3600, seconds / 60 % 60, seconds % 60);
    const int digits = std::clamp(fraction_digits, 0, 7);
    if (digits > 0) {
        text += '.';
        text += fmt::format("{:07}", ticks % Ticks::period::den).substr(0, static_cast<std::size_t>(digits));
    }
    text += 'Z';
    return text;
}

}  // namespace keysyncd::entra
