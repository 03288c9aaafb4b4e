#include "ldap/dirsync_changes.hpp"

#include <doctest/doctest.h>

#include "tests/support/key_credential_builder.hpp"

namespace ldap = keysyncd::ldap;
using namespace keysyncd::testing;
using ldap::LinkChange;

namespace {

const ldap::Instant now{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}};

std::string value(std::uint32_t seed) {
    return KeyCredentialBuilder{seed}.value();
}

Bytes key_id(std::uint32_t seed) {
    return ldap::decode_key_credential(KeyCredentialBuilder{seed}.build(), now)->key_id;
}

}  // namespace

TEST_CASE("the range of an attribute's name tells what became of its values") {
    const auto change = [](std::string_view name) { return ldap::link_change(name, "msDS-KeyCredentialLink"); };
    CHECK(change("msDS-KeyCredentialLink") == LinkChange::present);
    CHECK(change("msds-keycredentiallink;range=1-1") == LinkChange::added);
    CHECK(change("msDS-KeyCredentialLink;Range=0-0") == LinkChange::removed);
    CHECK(change("msDS-KeyCredentialLink;range=0-1499") == LinkChange::present);
    CHECK(change("msDS-KeyCredentialLink;range=0-*") == LinkChange::present);
    CHECK(!change("msDS-KeyCredentialLink-BL;range=1-1"));
    CHECK(!change("member;range=1-1"));
}

TEST_CASE("added and removed values become keys and key ids") {
    ldap::DirectoryUser user;
    ldap::read_key_changes(
        {.dn = "CN=a",
         .attributes = {{.name = "objectGUID", .values = {"0123456789abcdef"}},
                        {.name = "msDS-KeyCredentialLink;range=1-1", .values = {value(1), value(2), "B:0::"}},
                        {.name = "msDS-KeyCredentialLink;range=0-0", .values = {value(3), value(2), "?"}}}},
        now, user);
    CHECK(user.key_set == ldap::KeySet::incremental);
    REQUIRE(user.keys.size() == 2);
    CHECK(user.keys[0].key_id == key_id(1));
    REQUIRE(user.removed_keys.size() == 1);
    CHECK_MESSAGE(user.removed_keys[0] == key_id(3), "a value both removed and added is there");
    REQUIRE(user.malformed.size() == 1);
    CHECK(user.malformed[0].kind == "too_short");
}

TEST_CASE("an entry without the attribute changes no key") {
    ldap::DirectoryUser user;
    ldap::read_key_changes({.dn = "CN=a", .attributes = {{.name = "displayName", .values = {"x"}}}}, now, user);
    CHECK(user.key_set == ldap::KeySet::incremental);
    CHECK(user.keys.empty());
    CHECK(user.removed_keys.empty());
}
