// One value of msDS-KeyCredentialLink as a search answers it, decoded into what the rest of the daemon keeps of it.
// Pure, any thread. The hot path of a full sweep: besides the fields kept it allocates nothing for usual sizes.
#pragma once

#include <cstddef>
#include <expected>
#include <span>
#include <string_view>
#include <vector>

#include "ldap/directory_user.hpp"
#include "ldap/key_credential.hpp"
#include "ldap/time.hpp"

namespace keysyncd::ldap {

/// `text` is the whole DN-Binary value. `kind` of a failure is "dn_binary" or the name of a BlobError.
[[nodiscard]] std::expected<DirectoryKey, MalformedValue> decode_key_value(std::string_view text, Instant now,
                                                                           HashChecks hashes = HashChecks::on);

/// The same for the binary part alone, as msDS-ReplValueMetaData hands it out.
[[nodiscard]] std::expected<DirectoryKey, MalformedValue> decode_key_blob(std::span<const std::byte> blob, Instant now,
                                                                          HashChecks hashes = HashChecks::on);

/// Every `kind` that a failure can have.
[[nodiscard]] std::vector<std::string_view> malformed_kinds();

}  // namespace keysyncd::ldap
