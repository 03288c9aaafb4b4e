#include "ldap/entry_view.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace keysyncd::ldap;

TEST_CASE("a copied entry has its bytes to itself, zeros among them") {
    std::string bytes("a\0b", 3);
    std::vector<std::string_view> values{bytes, ""};
    const std::vector<AttributeView> attributes{{"value", values}, {"empty", {}}};
    const Entry copy = EntryView{.dn = "CN=x", .attributes = attributes}.copy();
    bytes = "xxx";
    CHECK(copy.dn == "CN=x");
    REQUIRE(copy.attributes.size() == 2);
    CHECK(copy.attributes[0].values == std::vector<std::string>{std::string("a\0b", 3), ""});
    CHECK(copy.attributes[1].values.empty());
}
