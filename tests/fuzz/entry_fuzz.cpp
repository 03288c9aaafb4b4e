#include "ldap/search_messages.hpp"
#include "ldap/user_entry.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/support/entry_message.hpp"

using keysyncd::fuzz::require;
using namespace keysyncd::ldap;  // the name ldap alone is libldap's

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const keysyncd::testing::EntryMessage wire{keysyncd::fuzz::text_of(data, size)};
    if (wire.message() == nullptr) {
        return 0;
    }
    EntryReader reader;
    const auto entry = reader.read(wire.handle(), wire.message());
    if (!entry) {
        return 0;
    }
    std::size_t shown = entry->dn.size();
    for (const AttributeView& attribute : entry->attributes) {
        shown += attribute.name.size();
        for (const std::string_view value : attribute.values) {
            shown += value.size();
        }
    }
    require(shown <= size, "no byte is shown twice");
    static_cast<void>(to_directory_user(*entry, keysyncd::fuzz::now));
    const Entry kept = entry->copy();
    require(kept.dn == entry->dn && kept.attributes.size() == entry->attributes.size(), "a copy is like the original");
    return 0;
}
