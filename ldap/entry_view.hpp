// One search entry where it lies in its message: nothing is copied. Valid only while its visitor runs; what a visitor
// keeps it copies.
#pragma once

#include <span>
#include <string_view>

#include "ldap/entry.hpp"

namespace keysyncd::ldap {

struct AttributeView {
    std::string_view name;                     ///< with its options, as the server wrote it
    std::span<const std::string_view> values;  ///< bytes: they may hold zeros
};

struct EntryView {
    std::string_view dn;
    std::span<const AttributeView> attributes;

    [[nodiscard]] Entry copy() const;
};

}  // namespace keysyncd::ldap
