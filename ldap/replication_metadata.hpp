// msDS-ReplValueMetaData: when and where each link value of an object was written, one row a value, deleted ones too.
// Rows are read from either form that a domain controller offers; both are untrusted. Pure; any thread.
// Binary: DS_REPL_VALUE_META_DATA_BLOB (MS-ADTS 2.2.8). XML: DS_REPL_VALUE_META_DATA (MS-ADTS 3.1.1.3.4 and
// MS-DRSR 4.1.13.1.25).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ldap/guid.hpp"
#include "ldap/time.hpp"

namespace keysyncd::ldap {

struct ValueMetadata {
    std::string attribute;                        ///< "msDS-KeyCredentialLink" for the rows of interest
    std::string object_dn;                        ///< the link's target; the user itself for key credentials
    std::size_t value_bytes = 0;                  ///< cbData
    std::optional<std::vector<std::byte>> value;  ///< binary part of the DN-Binary value; none where the row has none
    std::optional<Instant> deleted_at;            ///< none: the value is live
    std::optional<Instant> created_at;            ///< first originating update
    std::uint32_t version = 0;                    ///< 1 added once, 2 deleted, 3 added again, ...
    std::optional<Instant> last_change_at;        ///< last originating update, whole seconds
    Guid originating_invocation_id;
    std::uint64_t originating_usn = 0;
    std::uint64_t local_usn = 0;     ///< of the domain controller asked
    std::string originating_dsa_dn;  ///< "" where it is not told
};

enum class MetadataError : std::uint8_t {
    too_short,
    bad_offset,  ///< an offset or length that leads out of the row or into its header
    not_xml,     ///< no DS_REPL_VALUE_META_DATA element
    bad_field,   ///< an element that is there but does not read
    missing_field,
};
[[nodiscard]] std::string_view to_string(MetadataError error) noexcept;

struct MetadataFailure {
    MetadataError error{};
    std::size_t offset = 0;  ///< in the row
    std::string detail;
};

/// One value of "msDS-ReplValueMetaData;binary". Reads both layouts in use: USNs aligned to 8 bytes or packed.
[[nodiscard]] std::expected<ValueMetadata, MetadataFailure> parse_metadata_binary(std::span<const std::byte> row);

/// One value of "msDS-ReplValueMetaData". Lenient: fields in any order, unknown ones skipped, unescaped markup in a DN.
[[nodiscard]] std::expected<ValueMetadata, MetadataFailure> parse_metadata_xml(std::string_view row);

}  // namespace keysyncd::ldap
