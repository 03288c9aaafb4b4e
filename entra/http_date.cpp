#include "entra/http_date.hpp"

#include <algorithm>
#include <array>

namespace keysyncd::entra {
namespace {

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::string_view shape = "Aaa, 00 Aaa 0000 00:00:00 GMT";

bool has_shape(std::string_view text) {
    if (text.size() != shape.size()) {
        return false;
    }
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const char c = text[i];
        const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        const bool digit = c >= '0' && c <= '9';
        const bool fits = i >= 26                              ? c == shape[i]
                          : shape[i] == '0'                    ? digit
                          : shape[i] == 'A' || shape[i] == 'a' ? letter
                                                               : c == shape[i];
        if (!fits) {
            return false;
        }
    }
    return true;
}

int number(std::string_view text, std::size_t at, std::size_t digits) {
    int value = 0;
    for (const char c : text.substr(at, digits)) {
        value = value * 10 + (c - '0');
    }
    return value;
}

}  // namespace

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) noexcept {
    if (!has_shape(text)) {
        return std::nullopt;
    }
    const auto month = std::ranges::find(months, text.substr(8, 3));
    if (month == months.end()) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year{number(text, 12, 4)},
                                           std::chrono::month{static_cast<unsigned>(month - months.begin()) + 1},
                                           std::chrono::day{static_cast<unsigned>(number(text, 5, 2))}};
    const int hour = number(text, 17, 2);
    const int minute = number(text, 20, 2);
    const int second = number(text, 23, 2);
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) {
        return std::nullopt;
    }
    return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
           std::chrono::seconds{second};
}

}  // namespace keysyncd::entra
