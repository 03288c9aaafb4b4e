// Object(DN-Binary), "B:<hex characters>:<hex>:<DN>" (MS-ADTS 3.1.1.3.1.1.3.1): the envelope of every key credential.
// Pure. Only the first three colons separate: the DN may hold more. Hex of either case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace keysyncd::ldap {

struct DnBinary {
    std::vector<std::byte> binary;
    std::string dn;
};

/// The parts of a value where they stand: nothing is copied or decoded yet.
struct DnBinaryParts {
    std::string_view hex;        ///< an even number of characters, not yet known to be digits
    std::size_t hex_offset = 0;  ///< of `hex` in the text
    std::string_view dn;
};

enum class DnBinaryError : std::uint8_t {
    not_dn_binary,
    bad_count,
    count_mismatch,
    bad_hex,
    odd_hex,
    missing_dn_separator,
};
[[nodiscard]] std::string_view to_string(DnBinaryError error) noexcept;

struct DnBinaryFailure {
    DnBinaryError error{};
    std::size_t offset = 0;  ///< character position in the text
    std::string detail;
};

[[nodiscard]] std::expected<DnBinaryParts, DnBinaryFailure> split_dn_binary(std::string_view text);
[[nodiscard]] std::expected<DnBinary, DnBinaryFailure> parse_dn_binary(std::string_view text);

}  // namespace keysyncd::ldap
