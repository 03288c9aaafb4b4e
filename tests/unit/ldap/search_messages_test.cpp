#include "ldap/search_messages.hpp"

#include <doctest/doctest.h>

#include "tests/support/ber_builder.hpp"
#include "tests/support/entry_message.hpp"

namespace keysyncd::ldap::test {
namespace {

using testing::ber_element;
using testing::EntryMessage;
using testing::partial_attribute;
using namespace std::string_view_literals;

constexpr unsigned char sequence = 0x30;
constexpr unsigned char octet_string = 0x04;
const std::string name = ber_element(octet_string, "CN=ada");

TEST_CASE("an entry is shown with its attributes and values, in the server's order") {
    const EntryMessage wire{name + ber_element(sequence, partial_attribute("cn", {"ada"}) +
                                                             partial_attribute("keys", {"one"sv, "\0two"sv, ""sv}) +
                                                             partial_attribute("keys;range=0-1", {}))};
    REQUIRE(wire.message() != nullptr);
    EntryReader reader;
    const auto entry = reader.read(wire.handle(), wire.message());
    REQUIRE(entry);
    CHECK(entry->dn == "CN=ada");
    REQUIRE(entry->attributes.size() == 3);
    CHECK(entry->attributes[0].name == "cn");
    REQUIRE(entry->attributes[1].values.size() == 3);
    CHECK(entry->attributes[1].values[0] == "one");
    CHECK(entry->attributes[1].values[1] == "\0two"sv);
    CHECK(entry->attributes[1].values[2].empty());
    CHECK(entry->attributes[2].name == "keys;range=0-1");
    CHECK(entry->attributes[2].values.empty());
}

TEST_CASE("an entry without attributes is one") {
    const EntryMessage wire{name + ber_element(sequence, "")};
    EntryReader reader;
    const auto entry = reader.read(wire.handle(), wire.message());
    REQUIRE(entry);
    CHECK(entry->attributes.empty());
}

TEST_CASE("an entry that ends within an attribute, or holds something else, is none: not one with fewer attributes") {
    const std::string whole = partial_attribute("cn", {"ada"});
    const std::string second = partial_attribute("keys", {"one", "two"});
    EntryReader reader;
    for (std::size_t kept = 1; kept < second.size(); ++kept) {
        CAPTURE(kept);
        const EntryMessage wire{name + ber_element(sequence, whole + second.substr(0, kept))};
        REQUIRE(wire.message() != nullptr);
        CHECK_FALSE(reader.read(wire.handle(), wire.message()));
    }
    const std::string no_set = ber_element(sequence, ber_element(octet_string, "keys") + ber_element(sequence, ""));
    const EntryMessage wire{name + ber_element(sequence, whole + no_set)};
    CHECK_FALSE(reader.read(wire.handle(), wire.message()));
}

}  // namespace
}  // namespace keysyncd::ldap::test
