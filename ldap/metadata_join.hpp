// Replication metadata joined to the keys of the user it was read from: the exact write of each live key, and what is
// known of values that are gone. By the value's bytes, never by order. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "ldap/directory_user.hpp"
#include "ldap/replication_metadata.hpp"

namespace keysyncd::ldap {

struct MetadataJoin {
    std::vector<EndedKey> ended;       ///< deleted rows whose value is not live any more
    std::size_t keys_without_row = 0;  ///< live keys whose write stays unknown
    std::size_t rows_without_key = 0;  ///< live rows of values that were not among the keys: the user has changed since
};

/// Fills DirectoryKey::write. Rows of other attributes are passed over. A row that carries no bytes (XML of a domain
/// controller that leaves them out) is joined only where its size leaves one key and one row, of a whole key set.
[[nodiscard]] MetadataJoin join_metadata(std::span<DirectoryKey> keys, KeySet key_set,
                                         std::span<const ValueMetadata> rows, Instant now);

}  // namespace keysyncd::ldap
