// One value of the decode command's input into the key credential in it: DN-Binary, hexadecimal or base64, told apart
// by how it begins. Pure.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>

#include "daemon/decode/decode_input.hpp"
#include "ldap/key_credential.hpp"

namespace keysyncd::daemon {

struct DecodedValue {
    ldap::KeyCredential key;
    std::optional<std::string> dn;  ///< of the value, else of LDIF's entry
};

struct DecodeFailure {
    bool in_blob = false;  ///< `offset` counts from the start of the blob, else from the start of the value's text
    std::size_t offset = 0;
    std::string reason;  ///< short name and words
};

[[nodiscard]] std::expected<DecodedValue, DecodeFailure> decode_value(const InputValue& value, ldap::Instant now);

}  // namespace keysyncd::daemon
