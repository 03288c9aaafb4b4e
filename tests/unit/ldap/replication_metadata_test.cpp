#include "ldap/replication_metadata.hpp"

#include <doctest/doctest.h>

#include "tests/support/replication_metadata_builder.hpp"

namespace ldap = keysyncd::ldap;
using namespace keysyncd::testing;
using namespace std::chrono_literals;
using ldap::MetadataError;

namespace {

const ldap::Instant at{std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + 1h + 42min + 54s};

void check_same(const ldap::ValueMetadata& row, const ldap::ValueMetadata& expected) {
    CHECK(row.attribute == expected.attribute);
    CHECK(row.object_dn == expected.object_dn);
    CHECK(row.value_bytes == expected.value_bytes);
    CHECK(row.value == expected.value);
    CHECK((row.deleted_at == expected.deleted_at));
    CHECK((row.created_at == expected.created_at));
    CHECK(row.version == expected.version);
    CHECK((row.last_change_at == expected.last_change_at));
    CHECK(row.originating_invocation_id == expected.originating_invocation_id);
    CHECK(row.originating_usn == expected.originating_usn);
    CHECK(row.local_usn == expected.local_usn);
    CHECK(row.originating_dsa_dn == expected.originating_dsa_dn);
}

constexpr MetadataLayout layouts[] = {MetadataLayout::packed, MetadataLayout::aligned,
                                      MetadataLayout::aligned_with_tail};

}  // namespace

TEST_CASE("binary rows read the same from each layout") {
    for (const MetadataLayout layout : layouts) {
        CAPTURE(static_cast<int>(layout));
        const ldap::ValueMetadata expected = live_row(KeyCredentialBuilder{}.build(), at);
        const auto row = ldap::parse_metadata_binary(metadata_binary(expected, layout));
        REQUIRE(row);
        check_same(*row, expected);
    }
}

TEST_CASE("a deleted, re-added row keeps its times and version") {
    for (const MetadataLayout layout : layouts) {
        ldap::ValueMetadata expected = live_row(KeyCredentialBuilder{}.build(), at);
        expected.version = 4;
        expected.deleted_at = at + 90s;
        expected.last_change_at = at + 90s;
        expected.originating_dsa_dn.clear();
        const auto row = ldap::parse_metadata_binary(metadata_binary(expected, layout));
        REQUIRE(row);
        check_same(*row, expected);
    }
}

TEST_CASE("a binary row may have no value") {
    ldap::ValueMetadata expected = live_row({}, at);
    expected.attribute = "manager";
    expected.value.reset();
    const auto row = ldap::parse_metadata_binary(metadata_binary(expected, MetadataLayout::aligned));
    REQUIRE(row);
    check_same(*row, expected);
}

TEST_CASE("every cut of a binary row is refused or reads as less, without touching what is beyond") {
    for (const MetadataLayout layout : layouts) {
        const Bytes whole = metadata_binary(live_row(KeyCredentialBuilder{}.build(), at), layout);
        for (std::size_t length = 0; length < whole.size(); ++length) {
            const Bytes cut{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)};
            const auto row = ldap::parse_metadata_binary(cut);
            if (length < 80) {
                REQUIRE(!row);
                CHECK(row.error().error == MetadataError::too_short);
            }
            CHECK((!row || row->value_bytes == 416));
        }
    }
}

TEST_CASE("offsets that lead nowhere are refused with the field's place") {
    const Bytes sound = metadata_binary(live_row(KeyCredentialBuilder{}.build(), at), MetadataLayout::aligned);
    struct Case {
        std::size_t field;
        std::uint32_t value;
        std::size_t told;
    };
    for (const auto& [field, value, told] :
         {Case{0, 79, 0}, Case{0, 4, 0}, Case{4, 0xFFFFFFFF, 4}, Case{8, 0xFFFFFFFF, 12}, Case{12, 0xFFFFFFFF, 12},
          Case{80, 83, 80}, Case{80, 0x7FFFFFFF, 80}}) {
        CAPTURE(field);
        CAPTURE(value);
        Bytes row = sound;
        const Bytes bytes = little_endian(value, 4);
        std::copy(bytes.begin(), bytes.end(), row.begin() + static_cast<std::ptrdiff_t>(field));
        const auto parsed = ldap::parse_metadata_binary(row);
        REQUIRE(!parsed);
        CHECK(to_string(parsed.error().error) == "bad_offset");
        CHECK(parsed.error().offset == told);
        CHECK(!parsed.error().detail.empty());
    }
}

TEST_CASE("text without its NUL ends with the row, and odd UTF-16 becomes the replacement character") {
    Bytes row(84);
    const Bytes offset = little_endian(84, 4);
    std::copy(offset.begin(), offset.end(), row.begin());
    const Bytes text =
        from_hex("61003dd811dd00d8620000dc63");  // a, U+1F511? lead+trail, lone lead, b, lone trail, half
    row.insert(row.end(), text.begin(), text.end());
    const auto parsed = ldap::parse_metadata_binary(row);
    REQUIRE(parsed);
    CHECK(parsed->attribute ==
          "a\xF0\x9F\x94\x91\xEF\xBF\xBD"
          "b\xEF\xBF\xBD");
}

TEST_CASE("XML rows, with the value in hexadecimal, base64 or not at all") {
    for (const ValueInXml form : {ValueInXml::none, ValueInXml::hex, ValueInXml::base64}) {
        ldap::ValueMetadata expected = live_row(KeyCredentialBuilder{}.build(), at);
        const auto row = ldap::parse_metadata_xml(metadata_xml(expected, form));
        REQUIRE(row);
        if (form == ValueInXml::none) {
            expected.value.reset();
        }
        check_same(*row, expected);
    }
}

TEST_CASE("XML is read leniently: no Z, entities, an ampersand as it is, markup in a DN, a NUL at the end") {
    ldap::ValueMetadata row = live_row(KeyCredentialBuilder{}.build(), at);
    std::string xml = metadata_xml(row);
    while (xml.contains("Z</")) {
        xml.erase(xml.find("Z</"), 1);
    }
    CHECK((ldap::parse_metadata_xml(xml + '\0')->last_change_at == at));
    row.object_dn = "CN=R&D &amp; Sales &lt;x&gt; &unknown; &";
    CHECK(ldap::parse_metadata_xml(metadata_xml(row))->object_dn == "CN=R&D & Sales <x> &unknown; &");
    row.object_dn = "CN=</pszObjectDn><ftimeLastOriginatingChange>2020-01-01T00:00:00Z</ftimeLastOriginatingChange><x>";
    const auto hostile = ldap::parse_metadata_xml(metadata_xml(row));
    REQUIRE(hostile);
    CHECK((hostile->last_change_at == at));
    CHECK(hostile->object_dn == row.object_dn);
}

TEST_CASE("XML in another order, with unknown and empty elements") {
    const auto row = ldap::parse_metadata_xml(
        "<DS_REPL_VALUE_META_DATA><dwVersion> 3 </dwVersion><somethingNew>1</somethingNew><pbData/>"
        "<ftimeLastOriginatingChange>2026-01-31T01:42:54Z</ftimeLastOriginatingChange>"
        "<pszAttributeName>member</pszAttributeName></DS_REPL_VALUE_META_DATA>");
    REQUIRE(row);
    CHECK(row->version == 3);
    CHECK(row->attribute == "member");
    CHECK(!row->deleted_at);
}

TEST_CASE("XML that is none, or lacks what a row is for, is refused") {
    const std::string sound = metadata_xml(live_row(KeyCredentialBuilder{}.build(), at));
    const auto with = [&sound](std::string_view from, std::string_view to) {
        std::string xml = sound;
        xml.replace(xml.find(from), from.size(), to);
        return xml;
    };
    struct Case {
        std::string xml;
        const char* error;
    };
    for (const auto& [xml, error] : {
             Case{"", "not_xml"},
             Case{"<DS_REPL_ATTR_META_DATA></DS_REPL_ATTR_META_DATA>", "not_xml"},
             Case{"<DS_REPL_VALUE_META_DATA>", "missing_field"},
             Case{with("<dwVersion>1<", "<dwVersion>one<"), "bad_field"},
             Case{with("<dwVersion>1<", "<dwVersion>99999999999<"), "bad_field"},
             Case{with("<cbData>416<", "<cbData>-1<"), "bad_field"},
             Case{with("<ftimeCreated>2026-01-31T01:42:54Z", "<ftimeCreated>yesterday"), "bad_field"},
             Case{with("uuidLastOriginatingDsaInvocationID>0b2c", "uuidLastOriginatingDsaInvocationID>zzzz"),
                  "bad_field"},
             Case{with("<pszAttributeName>msDS-KeyCredentialLink<", "<pszAttributeName><"), "missing_field"},
             Case{with("<dwVersion>1<", "<dwVersion>0<"), "missing_field"},
         }) {
        CAPTURE(xml);
        const auto row = ldap::parse_metadata_xml(xml);
        REQUIRE(!row);
        CHECK(to_string(row.error().error) == error);
    }
}

TEST_CASE("a value in XML whose size is not cbData is no value") {
    ldap::ValueMetadata row = live_row(KeyCredentialBuilder{}.build(), at);
    row.value_bytes = 417;
    for (const ValueInXml form : {ValueInXml::hex, ValueInXml::base64}) {
        const auto parsed = ldap::parse_metadata_xml(metadata_xml(row, form));
        REQUIRE(parsed);
        CHECK(!parsed->value);
    }
}
