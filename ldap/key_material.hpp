// Entry 3 of a key credential: which of the formats in use it is, told by its leading bytes, and the RSA key in it.
// Pure, untrusted bytes, nothing copied.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "ldap/key_credential.hpp"
#include "ldap/rsa_key_view.hpp"

namespace keysyncd::ldap {

struct KeyMaterial {
    MaterialFormat format = MaterialFormat::unknown;
    bool malformed = false;  ///< of that format by its first bytes, but the rest does not hold together
    std::optional<RsaKeyView> rsa;
};

[[nodiscard]] KeyMaterial inspect_key_material(std::span<const std::byte> material) noexcept;

}  // namespace keysyncd::ldap
