#include "ldap/access_check.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace keysyncd::ldap;

namespace {

constexpr std::uint32_t read_property = 0x10;
constexpr std::uint32_t control_access = 0x100;

const Guid attribute_id = *Guid::parse("5b47d60f-6090-40b2-9f37-2a4de88f3063");
const Guid set_id = *Guid::parse("9b026da6-0d3c-465c-8bee-5199d7165cba");
const Guid other_id = *Guid::parse("bf967a6f-0de6-11d0-a285-00aa003049e2");
const Sid us = *Sid::parse("S-1-5-21-1-2-3-1104");
const Sid our_group = *Sid::parse("S-1-5-32-554");
const Sid strangers = *Sid::parse("S-1-5-21-1-2-3-512");
const std::vector<Sid> token{us, our_group};
const ProtectedAttribute attribute{.schema_id = attribute_id, .property_set = set_id};

void append(std::vector<std::byte>& to, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
        to.push_back(i < sizeof value ? static_cast<std::byte>(value >> (8 * i)) : std::byte{0});
    }
}

void append(std::vector<std::byte>& to, std::span<const std::byte> bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

struct Ace {
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::uint32_t mask = read_property;
    std::optional<Guid> object_type{};
    Sid trustee = our_group;
};

// SECURITY_DESCRIPTOR in self-relative form with a DACL alone (MS-DTYP 2.4.6).
std::vector<std::byte> descriptor(const std::vector<Ace>& aces) {
    std::vector<std::byte> list;
    for (const auto& ace : aces) {
        const bool is_object = ace.type == 5 || ace.type == 6;
        std::vector<std::byte> body;
        append(body, ace.mask, 4);
        if (is_object) {
            append(body, ace.object_type ? 1U : 0U, 4);
            if (ace.object_type) {
                append(body, ace.object_type->bytes);
            }
        }
        append(body, ace.trustee.to_bytes());
        append(list, ace.type, 1);
        append(list, ace.flags, 1);
        append(list, body.size() + 4, 2);
        append(list, body);
    }
    std::vector<std::byte> bytes;
    append(bytes, 1, 2);
    append(bytes, 0x8004, 2);
    append(bytes, 0, 12);
    append(bytes, 20, 4);
    append(bytes, 4, 2);
    append(bytes, list.size() + 8, 2);
    append(bytes, aces.size(), 2);
    append(bytes, 0, 2);
    append(bytes, list);
    return bytes;
}

bool readable(const std::vector<Ace>& aces, const ProtectedAttribute& what = attribute) {
    const auto dacl = parse_dacl(descriptor(aces));
    REQUIRE_MESSAGE(dacl.has_value(), dacl.error());
    return may_read(*dacl, token, what);
}

}  // namespace

TEST_CASE("a right counts for the whole object, for its property set and for the attribute itself") {
    CHECK(readable({{.type = 0}}));
    CHECK(readable({{.type = 5, .object_type = attribute_id}}));
    CHECK(readable({{.type = 5, .object_type = set_id}}));
    CHECK(readable({{.type = 5}}));
    CHECK_FALSE(readable({{.type = 5, .object_type = other_id}}));
    CHECK_FALSE(readable({}));
}

TEST_CASE("an attribute without a property set is not granted by anybody's empty one") {
    CHECK_FALSE(readable({{.type = 5, .object_type = set_id}}, {.schema_id = attribute_id, .property_set = {}}));
}

TEST_CASE("only the account's own groups count") {
    CHECK_FALSE(readable({{.type = 0, .trustee = strangers}}));
    CHECK(readable({{.type = 0, .trustee = strangers}, {.type = 0, .trustee = us}}));
}

TEST_CASE("the first entry that speaks of the right decides") {
    CHECK_FALSE(readable({{.type = 1}, {.type = 0}}));
    CHECK(readable({{.type = 0}, {.type = 1}}));
    CHECK_FALSE(readable({{.type = 6, .object_type = attribute_id}, {.type = 0}}));
    CHECK(readable({{.type = 6, .object_type = other_id}, {.type = 0}}));
    CHECK(readable({{.type = 1, .mask = 0x20}, {.type = 0}}));
}

TEST_CASE("an entry that is only for children says nothing about the object") {
    CHECK_FALSE(readable({{.type = 0, .flags = 0x08}}));
    CHECK(readable({{.type = 1, .flags = 0x0A}, {.type = 0}}));
}

TEST_CASE("generic rights include reading") {
    CHECK(readable({{.type = 0, .mask = 0x80000000}}));
    CHECK(readable({{.type = 0, .mask = 0x10000000}}));
    CHECK_FALSE(readable({{.type = 0, .mask = 0x40000000}}));
}

TEST_CASE("a confidential attribute needs the control right as well") {
    const ProtectedAttribute confidential{.schema_id = attribute_id, .property_set = set_id, .confidential = true};
    CHECK_FALSE(readable({{.type = 0}}, confidential));
    CHECK(readable({{.type = 0, .mask = read_property | control_access}}, confidential));
}

TEST_CASE("listing a container is a right of its own, on the whole object") {
    const auto lists = [](const std::vector<Ace>& aces) { return may_list(*parse_dacl(descriptor(aces)), token); };
    CHECK(lists({{.type = 0, .mask = 0x4}}));
    CHECK(lists({{.type = 0, .mask = 0x80000000}}));
    CHECK(lists({{.type = 0, .mask = 0x10000000}}));
    CHECK_FALSE(lists({{.type = 0, .mask = read_property}}));
    CHECK_FALSE(lists({{.type = 0, .mask = 0x4, .trustee = strangers}}));
    CHECK_FALSE(lists({{.type = 1, .mask = 0x4}, {.type = 0, .mask = 0x4}}));
    CHECK_FALSE(lists({{.type = 5, .mask = 0x4, .object_type = attribute_id}}));
    CHECK(may_list(std::nullopt, token));
}

TEST_CASE("conditional entries never grant, and deny as if their condition held") {
    CHECK_FALSE(readable({{.type = 9}}));
    CHECK_FALSE(readable({{.type = 10}, {.type = 0}}));
}

TEST_CASE("an object without an access control list is open") {
    auto bytes = descriptor({});
    bytes[2] = std::byte{0};
    const auto dacl = parse_dacl(bytes);
    REQUIRE(dacl.has_value());
    CHECK_FALSE(dacl->has_value());
    CHECK(may_read(*dacl, token, attribute));
}

TEST_CASE("whether rights come down from above is in the descriptor's control bits") {
    auto bytes = descriptor({{.type = 0}});
    CHECK_FALSE(inherits_nothing(bytes));
    bytes[3] |= std::byte{0x10};  // SE_DACL_PROTECTED
    CHECK(inherits_nothing(bytes));
    CHECK_FALSE(inherits_nothing(std::span(bytes).first(4)));
}

TEST_CASE("a descriptor cut anywhere is refused, not read beyond its end") {
    const auto whole = descriptor({{.type = 0}, {.type = 5, .object_type = attribute_id}, {.type = 1}});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        CHECK_FALSE(parse_dacl(std::span(whole).first(size)).has_value());
    }
    CHECK(parse_dacl(whole).has_value());
}

TEST_CASE("sizes that do not fit are refused") {
    for (const auto at : {22U, 30U}) {  // the list's and the first entry's size
        auto bytes = descriptor({{.type = 0}});
        bytes[at] = std::byte{0xFF};
        bytes[at + 1] = std::byte{0xFF};
        CHECK_FALSE(parse_dacl(bytes).has_value());
        bytes[at] = std::byte{1};
        bytes[at + 1] = std::byte{0};
        CHECK_FALSE(parse_dacl(bytes).has_value());
    }
}
