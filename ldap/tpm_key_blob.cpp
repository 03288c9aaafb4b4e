#include "ldap/tpm_key_blob.hpp"

#include <array>
#include <cstdint>

#include "ldap/little_endian.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::size_t least_header = 24;  // up to and with cbPrivate
constexpr std::uint32_t tpm_2_0 = 2;
constexpr std::uint16_t algorithm_rsa = 0x0001;
constexpr std::uint16_t algorithm_null = 0x0010;
constexpr std::uint16_t scheme_rsaes = 0x0015;  // the one signing or encryption scheme without a hash algorithm

/// Big-endian reads that turn false for good at the first one beyond the end.
class TpmCursor {
  public:
    explicit TpmCursor(std::span<const std::byte> bytes) noexcept : bytes_{bytes} {}

    [[nodiscard]] bool good() const noexcept { return good_; }
    [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }

    std::span<const std::byte> take(std::size_t count) noexcept {
        if (!good_ || bytes_.size() < count) {
            good_ = false;
            return {};
        }
        const auto taken = bytes_.first(count);
        bytes_ = bytes_.subspan(count);
        return taken;
    }
    std::uint16_t take_u16() noexcept {
        const auto taken = take(2);
        return good_ ? load_be16(taken) : std::uint16_t{0};
    }
    /// A TPM2B: 16 bits of size and that many bytes.
    std::span<const std::byte> take_sized() noexcept { return take(take_u16()); }

  private:
    std::span<const std::byte> bytes_;
    bool good_ = true;
};

TpmKeyBlob read_public_area(TpmCursor area) noexcept {
    constexpr TpmKeyBlob malformed{.malformed = true, .rsa = std::nullopt};
    const std::uint16_t type = area.take_u16();
    if (area.good() && type != algorithm_rsa) {
        return {};
    }
    area.take(2 + 4);   // nameAlg, objectAttributes
    area.take_sized();  // authPolicy
    if (area.take_u16() != algorithm_null) {
        area.take(2 + 2);  // symmetric keyBits and mode
    }
    const std::uint16_t scheme = area.take_u16();
    if (scheme != algorithm_null && scheme != scheme_rsaes) {
        area.take(2);  // its hash algorithm
    }
    area.take(2);  // keyBits: the modulus tells
    const auto stated_exponent = area.take(4);
    const auto modulus = area.take_sized();
    if (!area.good() || !area.empty()) {
        return malformed;
    }
    constexpr std::array default_exponent{std::byte{1}, std::byte{0}, std::byte{1}};
    const bool is_default = load_le32(stated_exponent) == 0;
    std::optional<RsaKeyView> rsa;
    read_rsa_numbers(modulus, is_default ? std::span<const std::byte>{default_exponent} : stated_exponent, rsa);
    return {.malformed = !rsa, .rsa = rsa};
}

}  // namespace

TpmKeyBlob read_tpm_key_blob(std::span<const std::byte> blob) noexcept {
    constexpr TpmKeyBlob malformed{.malformed = true, .rsa = std::nullopt};
    if (blob.size() < least_header) {
        return malformed;
    }
    const std::uint64_t header_bytes = load_le32(blob.subspan(4));
    const std::uint32_t type = load_le32(blob.subspan(8));
    const std::uint64_t public_bytes = load_le32(blob.subspan(16));
    const std::uint64_t private_bytes = load_le32(blob.subspan(20));
    // Sought by the header's own length: real ones are longer than the structure that is published.
    if (header_bytes < least_header || header_bytes + public_bytes + private_bytes > blob.size()) {
        return malformed;
    }
    if (type != tpm_2_0) {
        return {};
    }
    TpmCursor sized{blob.subspan(header_bytes, public_bytes)};
    const TpmCursor area{sized.take_sized()};
    return sized.good() ? read_public_area(area) : malformed;
}

}  // namespace keysyncd::ldap
