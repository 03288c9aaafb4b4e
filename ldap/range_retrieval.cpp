#include "ldap/range_retrieval.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace keysyncd::ldap {
namespace {

constexpr std::string_view marker = ";range=";

std::optional<std::size_t> to_number(std::string_view text) noexcept {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

}  // namespace

std::optional<RangedName> parse_ranged_name(std::string_view name) {
    for (std::size_t at = 0; at + marker.size() <= name.size(); ++at) {
        if (!equal_names(name.substr(at, marker.size()), marker)) {
            continue;
        }
        auto range = name.substr(at + marker.size());
        const auto end = range.find(';');
        const auto options_behind = end == std::string_view::npos ? std::string_view{} : range.substr(end);
        range = range.substr(0, end);
        const auto dash = range.find('-');
        if (dash == std::string_view::npos) {
            return std::nullopt;
        }
        const auto low = to_number(range.substr(0, dash));
        const auto high_text = range.substr(dash + 1);
        const auto high = to_number(high_text);
        if (!low || (!high && high_text != "*") || (high && *high < *low)) {
            return std::nullopt;
        }
        return RangedName{.base = std::string(name.substr(0, at)).append(options_behind), .low = *low, .high = high};
    }
    return std::nullopt;
}

const Attribute* find_with_range(const Entry& entry, std::string_view name) {
    for (const auto& attribute : entry.attributes) {
        const auto ranged = parse_ranged_name(attribute.name);
        if (ranged && equal_names(ranged->base, name)) {
            return &attribute;
        }
    }
    return entry.find(name);
}

bool has_partial_range(const EntryView& entry, std::string_view name) {
    return std::ranges::any_of(entry.attributes, [&](const AttributeView& attribute) {
        if (attribute.name.size() <= name.size() + marker.size()) {
            return false;
        }
        const auto ranged = parse_ranged_name(attribute.name);
        return ranged && equal_names(ranged->base, name);
    });
}

std::optional<std::string> next_range(const Attribute& attribute) {
    const auto ranged = parse_ranged_name(attribute.name);
    if (!ranged || !ranged->high || attribute.values.empty()) {
        return std::nullopt;
    }
    return fmt::format("{};range={}-*", ranged->base, *ranged->high + 1);
}

bool begins_where_asked(const Attribute& answer, std::string_view asked) {
    const auto wanted = parse_ranged_name(asked);
    const auto given = parse_ranged_name(answer.name);
    return wanted && given && given->low == wanted->low;
}

}  // namespace keysyncd::ldap
