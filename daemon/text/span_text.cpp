#include "daemon/text/span_text.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace keysyncd::daemon {

std::string span_text(ldap::Ticks span) {
    const bool negative = span < ldap::Ticks::zero();
    std::int64_t rest = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::abs(span)).count();
    struct Unit {
        std::int64_t seconds;
        char name;
    };
    constexpr std::array<Unit, 4> units{{{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}};
    std::string text;
    for (std::size_t i = 0; i < units.size(); ++i) {
        if (rest < units[i].seconds && units[i].name != 's') {
            continue;
        }
        text = fmt::format("{}{}{}", negative ? "-" : "", rest / units[i].seconds, units[i].name);
        rest %= units[i].seconds;
        if (i + 1 < units.size() && rest >= units[i + 1].seconds) {
            text += fmt::format(" {}{}", rest / units[i + 1].seconds, units[i + 1].name);
        }
        break;
    }
    return text;
}

}  // namespace keysyncd::daemon
