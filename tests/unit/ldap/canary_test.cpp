#include "ldap/canary.hpp"

#include <doctest/doctest.h>

using namespace keysyncd::ldap;

namespace {

const ProtectedAttribute key_schema{.schema_id = *Guid::parse("5b47d60f-6090-40b2-9f37-2a4de88f3063"),
                                    .property_set = {}};
const Sid us = *Sid::parse("S-1-5-21-1-2-3-1104");

std::string as_text(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Attribute usn() {
    return {"uSNChanged", {"4711"}};
}
Attribute keys() {
    return {"msDS-KeyCredentialLink", {"B:2:00:CN=x"}};
}
Attribute protection() {
    return {"adminCount", {"1"}};
}
Attribute sid(const std::string& text) {
    return {"objectSid", {as_text(Sid::parse(text)->to_bytes())}};
}

// No DACL at all: open to everyone; an empty one: closed to everyone.
Attribute open_descriptor() {
    std::string bytes(20, '\0');
    bytes[0] = 1;
    return {"nTSecurityDescriptor", {bytes}};
}
Attribute closed_descriptor() {
    std::string bytes(28, '\0');
    bytes[0] = 1;
    bytes[2] = 4;
    bytes[16] = 20;
    bytes[20] = 4;
    bytes[22] = 8;
    return {"nTSecurityDescriptor", {bytes}};
}

SampleVerdict judge(std::vector<Entry> sample) {
    return judge_sample(sample, std::vector{us}, key_schema);
}

}  // namespace

TEST_CASE("keys that show prove that they can be read") {
    const auto verdict = judge({{.dn = {}, .attributes = {usn(), keys(), closed_descriptor()}}});
    CHECK(verdict.usn_proven());
    CHECK(verdict.keys_proven());
}

TEST_CASE("a user without keys proves by its access control list") {
    CHECK(judge({{.dn = {}, .attributes = {usn(), open_descriptor()}}}).keys_proven());
    CHECK_FALSE(judge({{.dn = {}, .attributes = {usn(), closed_descriptor()}}}).keys_proven());
    CHECK_FALSE(judge({{.dn = {}, .attributes = {usn()}}}).keys_proven());
    CHECK_FALSE(judge({{.dn = {}, .attributes = {usn(), {"nTSecurityDescriptor", {"nonsense"}}}}}).keys_proven());
}

TEST_CASE("a user that hides uSNChanged counts as hidden") {
    const auto verdict = judge({{.dn = {}, .attributes = {open_descriptor()}}, {.dn = {}, .attributes = {usn()}}});
    CHECK(verdict.users == 2);
    CHECK(verdict.usn_readable == 1);
    CHECK(verdict.keys_readable == 1);
}

TEST_CASE("protected administrators, whom everyone may read, prove nothing about others") {
    const Entry administrator{.dn = {}, .attributes = {usn(), keys(), protection(), open_descriptor()}};
    const auto verdict = judge({administrator, {.dn = {}, .attributes = {closed_descriptor()}}});
    CHECK(verdict.users == 1);
    CHECK_FALSE(verdict.usn_proven());
    CHECK_FALSE(verdict.keys_proven());
    CHECK(judge({administrator}).keys_proven());  // nobody else there: they are what counts
}

TEST_CASE("the account itself, which may read its own object, proves nothing about others") {
    const Entry ourselves{.dn = {}, .attributes = {sid("S-1-5-21-1-2-3-1104"), usn(), open_descriptor()}};
    CHECK(judge({ourselves}).users == 0);
    const Entry somebody{.dn = {}, .attributes = {sid("S-1-5-21-1-2-3-1105"), closed_descriptor()}};
    CHECK_FALSE(judge({ourselves, somebody}).usn_proven());
}

TEST_CASE("the missing right is told with the command that grants it") {
    const auto text = missing_right("uSNChanged", "DC=corp,DC=example", "CORP\\svc");
    CHECK(text.find("dsacls \"DC=corp,DC=example\" /I:S /G \"CORP\\svc:RP;uSNChanged;user\"") != std::string::npos);
}
