// Range retrieval: a domain controller returns at most MaxValRange (1500) values of an attribute at once, named
// "attribute;range=0-1499", and "attribute;range=1500-*" at the end (MS-ADTS 3.1.1.3.1.3.3). Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "ldap/entry_view.hpp"

namespace keysyncd::ldap {

struct RangedName {
    std::string base;  ///< the attribute without the range; its other options stay
    std::size_t low = 0;
    std::optional<std::size_t> high;  ///< std::nullopt: "*", nothing follows
};

/// std::nullopt for a name without a range option.
[[nodiscard]] std::optional<RangedName> parse_ranged_name(std::string_view name);

/// The attribute under its plain name or as a range that has values. A domain controller that answers a range also
/// lists the plain name, without values.
[[nodiscard]] const Attribute* find_with_range(const Entry& entry, std::string_view name);

/// The attribute came as a range that is not all of its values, or may not be.
[[nodiscard]] bool has_partial_range(const EntryView& entry, std::string_view name);

/// What to ask for next; std::nullopt when `attribute` holds the last of its values.
[[nodiscard]] std::optional<std::string> next_range(const Attribute& attribute);

/// Whether the answer goes on where it was `asked` to: one that does not would come for ever.
[[nodiscard]] bool begins_where_asked(const Attribute& answer, std::string_view asked);

}  // namespace keysyncd::ldap
