#include "ldap/entry_view.hpp"

namespace keysyncd::ldap {

Entry EntryView::copy() const {
    Entry entry{.dn = std::string(dn), .attributes = {}};
    entry.attributes.reserve(attributes.size());
    for (const AttributeView& attribute : attributes) {
        entry.attributes.push_back(
            {.name = std::string(attribute.name), .values = {attribute.values.begin(), attribute.values.end()}});
    }
    return entry;
}

}  // namespace keysyncd::ldap
