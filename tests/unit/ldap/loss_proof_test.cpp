#include "ldap/loss_proof.hpp"

#include <doctest/doctest.h>

using namespace keysyncd::ldap;

namespace {

const RightsMeasure measure{
    .key_attribute_schema = {.schema_id = *Guid::parse("5b47d60f-6090-40b2-9f37-2a4de88f3063"), .property_set = {}},
    .token = {*Sid::parse("S-1-5-21-1-2-3-1104")}};

Guid guid(std::uint8_t number) {
    Guid made;
    made.bytes.fill(std::byte{number});
    return made;
}

KnownUser known(std::uint8_t number) {
    return {guid(number), "CN=somebody,OU=staff,DC=corp"};
}

// No DACL at all: open to everyone; an empty one: closed to everyone.
Entry found(std::uint8_t number, bool open, const std::string& dn = "CN=somebody,OU=staff,DC=corp") {
    std::string descriptor(open ? 20 : 28, '\0');
    descriptor[0] = 1;
    if (!open) {
        descriptor[2] = 4;
        descriptor[16] = 20;
        descriptor[20] = 4;
        descriptor[22] = 8;
    }
    return {.dn = dn,
            .attributes = {{"objectGUID", {std::string(16, static_cast<char>(number))}},
                           {"nTSecurityDescriptor", {descriptor}}}};
}

}  // namespace

TEST_CASE("a user whose keys may be read and do not show has none") {
    HiddenUsers hidden;
    CHECK(judge_losses(std::vector{known(1)}, std::vector{found(1, true)}, measure, hidden).empty());
    CHECK(hidden.users.empty());
    CHECK(hidden.places.empty());
}

TEST_CASE("a user whose keys may not be read hides them, where it is now") {
    HiddenUsers hidden;
    const std::vector entries{found(1, false, R"(CN=Doe\, Ada,OU=apart,DC=corp)"), found(2, true), found(3, false)};
    CHECK(judge_losses(std::vector{known(1), known(2), known(3)}, entries, measure, hidden).empty());
    CHECK(hidden.users == std::vector{guid(1), guid(3)});
    CHECK(hidden.places ==
          std::map<std::string, Hiding>{{"OU=apart,DC=corp", Hiding::keys}, {"OU=staff,DC=corp", Hiding::keys}});
}

TEST_CASE("a user that shows no access control list proves nothing") {
    HiddenUsers hidden;
    Entry entry = found(1, true);
    entry.attributes.pop_back();
    CHECK(judge_losses(std::vector{known(1)}, std::vector{entry}, measure, hidden).empty());
    CHECK(hidden.users == std::vector{guid(1)});
}

TEST_CASE("who is not found is told, who was not asked for is not") {
    HiddenUsers hidden;
    const auto absent =
        judge_losses(std::vector{known(1), known(2)}, std::vector{found(2, true), found(7, false)}, measure, hidden);
    REQUIRE(absent.size() == 1);
    CHECK(absent.front().object_guid == guid(1));
    CHECK(hidden.users.empty());
}

TEST_CASE("the container is what follows the first comma that is none of a name") {
    CHECK(parent_of("CN=ada,OU=staff,DC=corp") == "OU=staff,DC=corp");
    CHECK(parent_of(R"(CN=Doe\, Ada,OU=staff)") == "OU=staff");
    CHECK(parent_of(R"(CN=ends in \\,OU=staff)") == "OU=staff");
    CHECK(parent_of("DC=corp").empty());
    CHECK(parent_of("CN=cut\\").empty());
}
