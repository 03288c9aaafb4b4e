#include "ldap/user_entry.hpp"

#include <doctest/doctest.h>

#include "ldap/account_lookup.hpp"
#include "ldap/bind.hpp"
#include "ldap/root_dse.hpp"
#include "ldap/user_search.hpp"

using namespace keysyncd::ldap;
using namespace std::chrono_literals;

namespace {

const Instant now = std::chrono::sys_days{std::chrono::January / 31 / 2026};
const std::string guid_bytes("0123456789abcdef", 16);

Entry user_with(std::vector<Attribute> attributes) {
    Entry entry{.dn = "CN=Ada,DC=corp,DC=example", .attributes = {{"objectGUID", {guid_bytes}}}};
    entry.attributes.insert(entry.attributes.end(), attributes.begin(), attributes.end());
    return entry;
}

}  // namespace

TEST_CASE("attribute names are compared without regard to case, values kept as bytes") {
    const Entry entry{.dn = {}, .attributes = {{"uSNChanged", {"42"}}, {"value", {std::string("a\0b", 3)}}}};
    CHECK(entry.integer("usnchanged") == 42);
    CHECK(entry.bytes("VALUE").size() == 3);
    CHECK(entry.text("absent").empty());
    CHECK_FALSE(entry.integer("value"));
    CHECK(entry.find("usnchange") == nullptr);
}

TEST_CASE("an entry without objectGUID is no user") {
    CHECK_FALSE(to_directory_user(Entry{.dn = "CN=x", .attributes = {{"objectGUID", {"short"}}}}, now));
    CHECK_FALSE(to_directory_user(Entry{}, now));
}

TEST_CASE("account state") {
    const auto user = to_directory_user(user_with({{"adminCount", {"1"}},
                                                   {"userAccountControl", {"66050"}},
                                                   {"whenChanged", {"20260131014254.0Z"}},
                                                   {"uSNChanged", {"12345678901"}},
                                                   {"userPrincipalName", {"ada@corp.example"}},
                                                   {"sAMAccountName", {"ada"}}}),
                                        now);
    REQUIRE(user);
    CHECK(user->protected_account);
    CHECK(user->disabled);
    CHECK_FALSE(user->deleted);
    CHECK(user->usn_changed == 12345678901);
    CHECK(user->when_changed == std::chrono::sys_days{std::chrono::January / 31 / 2026} + 1h + 42min + 54s);
    CHECK(user->user_principal_name == "ada@corp.example");
    CHECK(user->object_sid.empty());
}

TEST_CASE("values that do not decode are kept apart, and values of a range are read") {
    const auto user =
        to_directory_user(user_with({{"msDS-KeyCredentialLink", {}},
                                     {"msDS-KeyCredentialLink;range=0-*", {"nonsense", "B:10:0002000001:CN=Ada"}}}),
                          now);
    REQUIRE(user);
    CHECK(user->keys.empty());
    REQUIRE(user->malformed.size() == 2);
    CHECK(user->malformed[0].kind == "dn_binary");
}

TEST_CASE("filters") {
    CHECK(sweep_filter("(department=IT)") ==
          "(&(objectCategory=person)(objectClass=user)(msDS-KeyCredentialLink=*)(department=IT))");
    CHECK(window_filter(501, "") == "(&(objectCategory=person)(objectClass=user)(uSNChanged>=501))");
    const auto filters = account_filters(
        {.sid = *Sid::parse("S-1-5-18"), .immutable_id = Guid::from_bytes(std::as_bytes(std::span(guid_bytes)))});
    REQUIRE(filters.size() == 3);
    CHECK(filters[0] == "(&(objectClass=user)(objectSid=\\01\\01\\00\\00\\00\\00\\00\\05\\12\\00\\00\\00))");
    CHECK(filters[2].starts_with("(&(objectClass=user)(mS-DS-ConsistencyGuid=\\30\\31\\32"));
    CHECK(account_filters({}).empty());
}

TEST_CASE("a refused bind is explained by the code that Active Directory appends") {
    constexpr auto text = "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 775, v4563";
    CHECK(explain_invalid_credentials(text).find("locked out") != std::string::npos);
    CHECK(explain_invalid_credentials("data 52e").find("password is wrong") != std::string::npos);
    CHECK(explain_invalid_credentials("data 7750, x").find("data 7750") != std::string::npos);
    CHECK(explain_invalid_credentials("").find("refuses") != std::string::npos);
}

TEST_CASE("the rootDSE and the clock that it tells") {
    const Entry entry{.dn = {},
                      .attributes = {{"highestCommittedUSN", {"4711"}},
                                     {"currentTime", {"20260131000010.0Z"}},
                                     {"dsServiceName", {"CN=NTDS Settings,CN=DC1"}},
                                     {"defaultNamingContext", {"DC=corp,DC=example"}},
                                     {"supportedControl", {"1.2.840.113556.1.4.841"}}}};
    const auto root = parse_root_dse(entry, now, now + 400ms);
    REQUIRE(root.has_value());
    CHECK(root->highest_committed_usn == 4711);
    CHECK(root->supports("1.2.840.113556.1.4.841"));
    CHECK_FALSE(root->supports("1.2.840.113556.1.4.528"));
    CHECK(root->clock_offset == 10s + 500ms - 200ms);
    // A server that stood still for as long as its answer took: its clock may well be right.
    CHECK(parse_root_dse(entry, now, now + 10s)->clock_offset == 0s);
    CHECK(parse_root_dse(entry, now + 10s, now + 20s)->clock_offset == 0s);
    CHECK(parse_root_dse(entry, now, now + 4s)->clock_offset == 10s + 500ms - 2s);
}

TEST_CASE("a server that is no domain controller is told by its rootDSE") {
    const auto root = parse_root_dse({.dn = {}, .attributes = {{"vendorName", {"OpenLDAP"}}}}, now, now);
    REQUIRE_FALSE(root.has_value());
    CHECK(root.error().find("domain controller") != std::string::npos);
}
