#include "ldap/rsa_der.hpp"

#include <algorithm>
#include <array>

namespace keysyncd::ldap {
namespace {

enum class Tag : std::uint8_t { integer = 0x02, bit_string = 0x03, object_identifier = 0x06, sequence = 0x30 };

class DerCursor {
  public:
    explicit DerCursor(std::span<const std::byte> bytes) noexcept : bytes_{bytes} {}

    [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
    [[nodiscard]] bool at(Tag tag) const noexcept {
        return !bytes_.empty() && bytes_.front() == static_cast<std::byte>(tag);
    }

    /// The content of the next element if it has this tag.
    [[nodiscard]] std::optional<std::span<const std::byte>> take(Tag tag) noexcept {
        if (!at(tag) || bytes_.size() < 2) {
            return std::nullopt;
        }
        auto length = std::to_integer<std::size_t>(bytes_[1]);
        std::size_t header = 2;
        if (length >= 0x80) {
            const std::size_t digits = length & 0x7FU;
            if (digits == 0 || digits > 4 || bytes_.size() < 2 + digits) {
                return std::nullopt;
            }
            length = 0;
            for (; header < 2 + digits; ++header) {
                length = (length << 8U) | std::to_integer<std::size_t>(bytes_[header]);
            }
        }
        if (length > bytes_.size() - header) {
            return std::nullopt;
        }
        const auto content = bytes_.subspan(header, length);
        bytes_ = bytes_.subspan(header + length);
        return content;
    }

  private:
    std::span<const std::byte> bytes_;
};

std::optional<RsaKeyView> read_modulus_and_exponent(std::span<const std::byte> content) noexcept {
    DerCursor numbers{content};
    const auto modulus = numbers.take(Tag::integer);
    const auto exponent = modulus ? numbers.take(Tag::integer) : std::nullopt;
    if (!exponent || !numbers.empty()) {
        return std::nullopt;
    }
    std::optional<RsaKeyView> key;
    read_rsa_numbers(*modulus, *exponent, key);
    return key;
}

DerPublicKey read_spki(DerCursor fields) noexcept {
    constexpr std::array rsa_encryption{std::byte{0x2A}, std::byte{0x86}, std::byte{0x48},
                                        std::byte{0x86}, std::byte{0xF7}, std::byte{0x0D},
                                        std::byte{0x01}, std::byte{0x01}, std::byte{0x01}};
    const DerPublicKey malformed{.form = DerForm::spki, .malformed = true, .rsa = std::nullopt};
    const auto algorithm = fields.take(Tag::sequence);
    const auto bits = algorithm ? fields.take(Tag::bit_string) : std::nullopt;
    if (!bits || !fields.empty() || bits->empty()) {
        return malformed;
    }
    DerCursor algorithm_fields{*algorithm};
    const auto oid = algorithm_fields.take(Tag::object_identifier);
    if (!oid) {
        return malformed;
    }
    if (!std::ranges::equal(*oid, rsa_encryption)) {
        return {.form = DerForm::spki, .malformed = false, .rsa = std::nullopt};
    }
    DerCursor key{bits->subspan(1)};
    const auto numbers = key.take(Tag::sequence);
    if (bits->front() != std::byte{0} || !numbers || !key.empty()) {
        return malformed;
    }
    const auto rsa = read_modulus_and_exponent(*numbers);
    return {.form = DerForm::spki, .malformed = !rsa, .rsa = rsa};
}

}  // namespace

std::optional<DerPublicKey> read_der_public_key(std::span<const std::byte> der) noexcept {
    DerCursor outer{der};
    const auto content = outer.take(Tag::sequence);
    if (!content) {
        // Cut short: the largest of the usual headers still tells that it was meant as a key.
        const bool long_sequence = der.size() >= 2 && der[0] == std::byte{0x30} && der[1] == std::byte{0x82};
        return long_sequence
                   ? std::optional{DerPublicKey{.form = DerForm::pkcs1, .malformed = true, .rsa = std::nullopt}}
                   : std::nullopt;
    }
    const DerCursor fields{*content};
    if (fields.at(Tag::sequence)) {
        DerPublicKey key = read_spki(fields);
        key.malformed = key.malformed || !outer.empty();
        return key;
    }
    if (fields.at(Tag::integer)) {
        const auto rsa = read_modulus_and_exponent(*content);
        return DerPublicKey{.form = DerForm::pkcs1, .malformed = !rsa || !outer.empty(), .rsa = rsa};
    }
    return std::nullopt;
}

}  // namespace keysyncd::ldap
