// An encoder of KEYCREDENTIALLINK_BLOB from the specification (MS-ADTS 2.2.20), for tests and fuzz seeds: independent
// of the decoder, and able to build what the decoder must refuse. One builder, one value; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ldap/guid.hpp"
#include "ldap/key_credential.hpp"
#include "ldap/time.hpp"

namespace keysyncd::testing {

using Bytes = std::vector<std::byte>;

[[nodiscard]] Bytes bytes_of(std::string_view text);
[[nodiscard]] Bytes from_hex(std::string_view hex);
[[nodiscard]] std::uint64_t to_filetime(ldap::Instant at);
[[nodiscard]] std::uint64_t to_dotnet_utc(ldap::Instant at);
[[nodiscard]] Bytes little_endian(std::uint64_t value, std::size_t width);

/// `bits` long, odd, of a pattern that `seed` decides: looks like an RSA modulus, is none.
[[nodiscard]] Bytes make_modulus(std::uint32_t seed, std::size_t bits = 2048);

// Key material in each format in use.
[[nodiscard]] Bytes bcrypt_rsa_material(std::span<const std::byte> modulus, std::uint32_t exponent = 65537);
[[nodiscard]] Bytes pkcs1_material(std::span<const std::byte> modulus, std::uint32_t exponent = 65537);
[[nodiscard]] Bytes spki_material(std::span<const std::byte> modulus, std::uint32_t exponent = 65537);
[[nodiscard]] Bytes tpm_material(std::span<const std::byte> modulus, std::uint32_t header_bytes = 56);
[[nodiscard]] Bytes fido_material(std::string_view display_name = "Security key");

class KeyCredentialBuilder {
  public:
    /// A 2048-bit NGC key as Entra Connect writes it: entries 1 to 9, CustomKeyInformation of four bytes.
    explicit KeyCredentialBuilder(std::uint32_t seed = 1);

    KeyCredentialBuilder& version(std::uint32_t version);
    KeyCredentialBuilder& usage(ldap::KeyUsage usage);
    KeyCredentialBuilder& source(ldap::KeySource source);
    KeyCredentialBuilder& device(const ldap::Guid& device);
    KeyCredentialBuilder& material(Bytes material);
    /// In the encoding that the source mandates at the time of build().
    KeyCredentialBuilder& created(ldap::Instant at);
    /// Any entry, as it is; KeyID and KeyHash are otherwise computed.
    KeyCredentialBuilder& entry(std::uint8_t id, Bytes value);
    KeyCredentialBuilder& without(std::uint8_t id);
    /// After all others, even if it is there already.
    KeyCredentialBuilder& append(std::uint8_t id, Bytes value);

    [[nodiscard]] Bytes build() const;
    /// build() in its DN-Binary envelope, upper-case hexadecimal.
    [[nodiscard]] std::string value(std::string_view dn = "CN=Jane Doe,OU=Staff,DC=corp,DC=example,DC=com") const;

  private:
    std::uint32_t version_ = 0x200;
    ldap::KeySource source_ = ldap::KeySource::azure_ad;
    ldap::Instant created_;
    std::map<std::uint8_t, Bytes> entries_;
    std::map<std::uint8_t, bool> absent_;
    std::vector<std::pair<std::uint8_t, Bytes>> appended_;
};

[[nodiscard]] std::string to_dn_binary(std::span<const std::byte> blob, std::string_view dn);

}  // namespace keysyncd::testing
