// The JSON that stands for key material in FIDO values:
// {"version":1,"authData":"<base64>","x5c":[...],"displayName":...}. Looked through, not interpreted: is it one whole
// JSON object with authenticator data of a possible size? Pure.
#pragma once

#include <cstddef>
#include <span>

namespace keysyncd::ldap {

[[nodiscard]] bool is_fido_material(std::span<const std::byte> text) noexcept;

}  // namespace keysyncd::ldap
