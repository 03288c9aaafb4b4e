// One search entry as it came over the wire: names compared without regard to case, values as bytes. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace keysyncd::ldap {

struct Attribute {
    std::string name;  ///< with its options, as the server wrote it: "member;range=0-1499"
    std::vector<std::string> values;
};

struct Entry {
    std::string dn;
    std::vector<Attribute> attributes;

    /// nullptr when the server did not return it.
    [[nodiscard]] const Attribute* find(std::string_view name) const noexcept;
    /// The first value; "" when there is none.
    [[nodiscard]] std::string_view text(std::string_view name) const noexcept;
    /// The first value as bytes; empty when there is none.
    [[nodiscard]] std::span<const std::byte> bytes(std::string_view name) const noexcept;
    /// The first value as a decimal number; std::nullopt when there is none or it is no such number.
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name) const noexcept;
};

/// A decimal number and nothing else; std::nullopt otherwise.
[[nodiscard]] std::optional<std::int64_t> to_integer(std::string_view text) noexcept;

/// Attribute names are ASCII: no locale.
[[nodiscard]] bool equal_names(std::string_view left, std::string_view right) noexcept;

}  // namespace keysyncd::ldap
