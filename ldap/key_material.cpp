#include "ldap/key_material.hpp"

#include <cstdint>

#include "ldap/fido_material.hpp"
#include "ldap/little_endian.hpp"
#include "ldap/rsa_der.hpp"
#include "ldap/tpm_key_blob.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::uint32_t bcrypt_rsa_public_magic = 0x31415352;  // "RSA1"
constexpr std::uint32_t pcp_magic = 0x4D504350;                // "PCPM"

/// BCRYPT_RSAKEY_BLOB: Magic, BitLength, cbPublicExp, cbModulus, cbPrime1, cbPrime2, then the big-endian numbers.
KeyMaterial read_bcrypt_rsa(std::span<const std::byte> blob) noexcept {
    constexpr std::size_t header_bytes = 24;
    if (blob.size() < header_bytes) {
        return {.format = MaterialFormat::bcrypt_rsa, .malformed = true, .rsa = std::nullopt};
    }
    const std::uint32_t bits = load_le32(blob.subspan(4));
    const std::uint64_t exponent_bytes = load_le32(blob.subspan(8));
    const std::uint64_t modulus_bytes = load_le32(blob.subspan(12));
    const bool has_primes = load_le64(blob.subspan(16)) != 0;
    if (has_primes || blob.size() != header_bytes + exponent_bytes + modulus_bytes) {
        return {.format = MaterialFormat::bcrypt_rsa, .malformed = true, .rsa = std::nullopt};
    }
    const auto exponent = blob.subspan(header_bytes, exponent_bytes);
    KeyMaterial material{.format = MaterialFormat::bcrypt_rsa, .malformed = false, .rsa = std::nullopt};
    read_rsa_numbers(blob.subspan(header_bytes + exponent_bytes), exponent, material.rsa);
    // A wrong BitLength does not hide the key from who looks at it for weakness.
    material.malformed = !material.rsa || material.rsa->bits != bits;
    return material;
}

}  // namespace

KeyMaterial inspect_key_material(std::span<const std::byte> material) noexcept {
    if (material.size() >= 4) {
        const std::uint32_t magic = load_le32(material);
        if (magic == bcrypt_rsa_public_magic) {
            return read_bcrypt_rsa(material);
        }
        if (magic == pcp_magic) {
            const TpmKeyBlob tpm = read_tpm_key_blob(material);
            return {.format = MaterialFormat::tpm_pcp, .malformed = tpm.malformed, .rsa = tpm.rsa};
        }
    }
    if (!material.empty() && material.front() == std::byte{'{'}) {
        return {.format = MaterialFormat::fido_json, .malformed = !is_fido_material(material), .rsa = std::nullopt};
    }
    if (const auto der = read_der_public_key(material)) {
        const auto format = der->form == DerForm::pkcs1 ? MaterialFormat::pkcs1_der : MaterialFormat::spki_der;
        return {.format = format, .malformed = der->malformed, .rsa = der->rsa};
    }
    return {};
}

}  // namespace keysyncd::ldap
