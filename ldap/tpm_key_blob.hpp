// PCP_KEY_BLOB_WIN8, what the Platform Crypto Provider writes for a key in a TPM: a little-endian header of its own
// length, then the TPM's big-endian TPM2B_PUBLIC (TPM 2.0 Library, part 2, 12.2.5). Pure, untrusted bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "ldap/rsa_key_view.hpp"

namespace keysyncd::ldap {

struct TpmKeyBlob {
    bool malformed = false;
    std::optional<RsaKeyView> rsa;  ///< none when malformed, for TPM 1.2 and for other algorithms
};

/// `blob` begins with the magic "PCPM".
[[nodiscard]] TpmKeyBlob read_tpm_key_blob(std::span<const std::byte> blob) noexcept;

}  // namespace keysyncd::ldap
