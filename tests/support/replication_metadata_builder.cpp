#include "tests/support/replication_metadata_builder.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include "ldap/hex.hpp"

namespace keysyncd::testing {
namespace {

void put(Bytes& row, std::size_t at, const Bytes& bytes) {
    std::copy(bytes.begin(), bytes.end(), row.begin() + static_cast<std::ptrdiff_t>(at));
}

/// ASCII only: names in tests.
Bytes utf16(std::string_view text) {
    Bytes bytes;
    for (const char c : text) {
        bytes.push_back(static_cast<std::byte>(c));
        bytes.push_back(std::byte{0});
    }
    bytes.resize(bytes.size() + 2);
    return bytes;
}

std::uint32_t append(Bytes& row, const Bytes& data) {
    const auto offset = static_cast<std::uint32_t>(row.size());
    row.insert(row.end(), data.begin(), data.end());
    return offset;
}

std::uint64_t filetime_or_zero(const std::optional<ldap::Instant>& at) {
    return at ? to_filetime(*at) : 0;
}

std::string xml_time(const std::optional<ldap::Instant>& at) {
    return at ? fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", std::chrono::floor<std::chrono::seconds>(*at))
              : "1601-01-01T00:00:00Z";
}

std::string base64(const Bytes& bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

}  // namespace

ldap::ValueMetadata live_row(const Bytes& value, ldap::Instant at) {
    return {.attribute = "msDS-KeyCredentialLink",
            .object_dn = "CN=Jane Doe,OU=Staff,DC=corp,DC=example,DC=com",
            .value_bytes = value.size(),
            .value = value,
            .deleted_at = std::nullopt,
            .created_at = at,
            .version = 1,
            .last_change_at = at,
            .originating_invocation_id = *ldap::Guid::parse("0b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9"),
            .originating_usn = 0x0102030405060708,
            .local_usn = 123456,
            .originating_dsa_dn = "CN=NTDS Settings,CN=DC1,CN=Servers"};
}

Bytes metadata_binary(const ldap::ValueMetadata& row, MetadataLayout layout) {
    const std::size_t usn_at = layout == MetadataLayout::packed ? 60 : 64;
    const std::size_t header = layout == MetadataLayout::packed ? 80 : layout == MetadataLayout::aligned ? 84 : 88;
    Bytes bytes(header);
    put(bytes, 0, little_endian(append(bytes, utf16(row.attribute)), 4));
    put(bytes, 4, little_endian(append(bytes, utf16(row.object_dn)), 4));
    put(bytes, 8, little_endian(row.value_bytes, 4));
    if (row.value) {
        put(bytes, 12, little_endian(append(bytes, *row.value), 4));
    }
    put(bytes, 16, little_endian(filetime_or_zero(row.deleted_at), 8));
    put(bytes, 24, little_endian(filetime_or_zero(row.created_at), 8));
    put(bytes, 32, little_endian(row.version, 4));
    put(bytes, 36, little_endian(filetime_or_zero(row.last_change_at), 8));
    put(bytes, 44, Bytes{row.originating_invocation_id.bytes.begin(), row.originating_invocation_id.bytes.end()});
    put(bytes, usn_at, little_endian(row.originating_usn, 8));
    put(bytes, usn_at + 8, little_endian(row.local_usn, 8));
    if (!row.originating_dsa_dn.empty()) {
        put(bytes, usn_at + 16, little_endian(append(bytes, utf16(row.originating_dsa_dn)), 4));
    }
    return bytes;
}

std::string metadata_xml(const ldap::ValueMetadata& row, ValueInXml value) {
    std::string data;
    if (row.value && value != ValueInXml::none) {
        data = value == ValueInXml::hex ? ldap::encode_hex(*row.value) : base64(*row.value);
    }
    return fmt::format(
        "<DS_REPL_VALUE_META_DATA>\n\t<pszAttributeName>{}</pszAttributeName>\n\t<pszObjectDn>{}</pszObjectDn>\n"
        "\t<cbData>{}</cbData>\n\t<pbData>{}</pbData>\n\t<ftimeDeleted>{}</ftimeDeleted>\n"
        "\t<ftimeCreated>{}</ftimeCreated>\n\t<dwVersion>{}</dwVersion>\n"
        "\t<ftimeLastOriginatingChange>{}</ftimeLastOriginatingChange>\n"
        "\t<uuidLastOriginatingDsaInvocationID>{}</uuidLastOriginatingDsaInvocationID>\n"
        "\t<usnOriginatingChange>{}</usnOriginatingChange>\n\t<usnLocalChange>{}</usnLocalChange>\n"
        "\t<pszLastOriginatingDsaDN>{}</pszLastOriginatingDsaDN>\n</DS_REPL_VALUE_META_DATA>\n",
        row.attribute, row.object_dn, row.value_bytes, data, xml_time(row.deleted_at), xml_time(row.created_at),
        row.version, xml_time(row.last_change_at), row.originating_invocation_id.to_string(), row.originating_usn,
        row.local_usn, row.originating_dsa_dn);
}

}  // namespace keysyncd::testing
