// An encoder of msDS-ReplValueMetaData rows in each form and layout (MS-ADTS 2.2.8), for tests and fuzz seeds.
// Independent of the decoder.
#pragma once

#include <string>

#include "ldap/replication_metadata.hpp"
#include "tests/support/key_credential_builder.hpp"

namespace keysyncd::testing {

enum class MetadataLayout { packed, aligned, aligned_with_tail };

[[nodiscard]] Bytes metadata_binary(const ldap::ValueMetadata& row, MetadataLayout layout);

enum class ValueInXml { none, hex, base64 };

[[nodiscard]] std::string metadata_xml(const ldap::ValueMetadata& row, ValueInXml value = ValueInXml::none);

/// A live row of msDS-KeyCredentialLink, version 1, written at `at`.
[[nodiscard]] ldap::ValueMetadata live_row(const Bytes& value, ldap::Instant at);

}  // namespace keysyncd::testing
