#include "ldap/entry.hpp"

#include <algorithm>
#include <charconv>

namespace keysyncd::ldap {
namespace {

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

}  // namespace

bool equal_names(std::string_view left, std::string_view right) noexcept {
    // Nearly always they are of different lengths or the very same.
    return left.size() == right.size() && (left == right || std::ranges::equal(left, right, {}, lower, lower));
}

const Attribute* Entry::find(std::string_view name) const noexcept {
    const auto found =
        std::ranges::find_if(attributes, [&](const Attribute& attribute) { return equal_names(attribute.name, name); });
    return found == attributes.end() ? nullptr : &*found;
}

std::string_view Entry::text(std::string_view name) const noexcept {
    const Attribute* attribute = find(name);
    return attribute == nullptr || attribute->values.empty() ? std::string_view{} : attribute->values.front();
}

std::span<const std::byte> Entry::bytes(std::string_view name) const noexcept {
    const std::string_view value = text(name);
    return std::as_bytes(std::span(value));
}

std::optional<std::int64_t> Entry::integer(std::string_view name) const noexcept {
    return to_integer(text(name));
}

std::optional<std::int64_t> to_integer(std::string_view text) noexcept {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

}  // namespace keysyncd::ldap
