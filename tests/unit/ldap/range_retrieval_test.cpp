#include "ldap/range_retrieval.hpp"

#include <doctest/doctest.h>

using namespace keysyncd::ldap;

TEST_CASE("names with a range") {
    const auto part = parse_ranged_name("msDS-KeyCredentialLink;Range=0-1499");
    REQUIRE(part);
    CHECK(part->base == "msDS-KeyCredentialLink");
    CHECK(part->low == 0);
    CHECK(part->high == 1499);
    const auto last = parse_ranged_name("msDS-ReplValueMetaData;binary;range=1500-*");
    REQUIRE(last);
    CHECK(last->base == "msDS-ReplValueMetaData;binary");
    CHECK(last->low == 1500);
    CHECK_FALSE(last->high);
    CHECK(parse_ranged_name("msDS-ReplValueMetaData;range=0-*;binary")->base == "msDS-ReplValueMetaData;binary");
}

TEST_CASE("names without a range, or with one that makes no sense") {
    for (const auto* name :
         {"", "member", "member;binary", "member;range=", "member;range=1", "member;range=a-b", "member;range=5-4",
          "member;range=-3", "member;range=1-99999999999999999999999", "member;range=0-*x"}) {
        CAPTURE(name);
        CHECK_FALSE(parse_ranged_name(name));
    }
}

TEST_CASE("a range is preferred to the empty plain name that comes beside it") {
    const Entry entry{.dn = {}, .attributes = {{"member", {}}, {"member;range=0-1", {"a", "b"}}}};
    const Attribute* found = find_with_range(entry, "MEMBER");
    REQUIRE(found != nullptr);
    CHECK(found->values.size() == 2);
    CHECK(next_range(*found) == "member;range=2-*");
    CHECK_FALSE(next_range({"member;range=2-*", {"c"}}));
    CHECK_FALSE(next_range({"member", {"c"}}));
    CHECK_FALSE(next_range({"member;range=2-3", {}}));
}

TEST_CASE("whether an entry's attribute came in part is seen without copying the entry") {
    const std::vector<std::string_view> values{"a", "b"};
    const auto partial = [&](std::string_view name) {
        const std::vector<AttributeView> attributes{{"cn", values}, {name, values}};
        return has_partial_range({.dn = "CN=x", .attributes = attributes}, "member");
    };
    CHECK(partial("member;range=0-1"));
    CHECK(partial("MEMBER;Range=0-*"));
    CHECK_FALSE(partial("member"));
    CHECK_FALSE(partial("member;binary"));
    CHECK_FALSE(partial("memberOf;range=0-1"));
}

TEST_CASE("an answer goes on where it was asked to, or would come for ever") {
    CHECK(begins_where_asked({"member;Range=2-*", {"x"}}, "member;range=2-*"));
    CHECK_FALSE(begins_where_asked({"member;range=0-0", {"x"}}, "member;range=1-*"));
    CHECK_FALSE(begins_where_asked({"member", {"x"}}, "member;range=1-*"));
}
