#include "tests/support/key_credential_builder.hpp"

#include <openssl/evp.h>

#include <chrono>
#include <stdexcept>

namespace keysyncd::testing {
namespace {

using ldap::Instant;

Bytes sha256_of(std::span<const std::byte> bytes) {
    Bytes digest(32);
    if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha256(),
                   nullptr) != 1) {
        throw std::runtime_error{"EVP_Digest"};
    }
    return digest;
}

void add(Bytes& to, std::span<const std::byte> bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

Bytes big_endian(std::uint64_t value, std::size_t width) {
    Bytes bytes = little_endian(value, width);
    return {bytes.rbegin(), bytes.rend()};
}

Bytes der(std::uint8_t tag, std::span<const std::byte> content) {
    Bytes element{static_cast<std::byte>(tag)};
    if (content.size() < 0x80) {
        element.push_back(static_cast<std::byte>(content.size()));
    } else if (content.size() < 0x100) {
        add(element, Bytes{std::byte{0x81}, static_cast<std::byte>(content.size())});
    } else {
        element.push_back(std::byte{0x82});
        add(element, big_endian(content.size(), 2));
    }
    add(element, content);
    return element;
}

Bytes der_unsigned(std::span<const std::byte> number) {
    Bytes content;
    if (!number.empty() && (number.front() & std::byte{0x80}) != std::byte{0}) {
        content.push_back(std::byte{0});
    }
    add(content, number);
    return der(0x02, content);
}

std::string base64(std::span<const std::byte> bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

void add_entry(Bytes& to, std::uint8_t id, std::span<const std::byte> value, bool padded) {
    add(to, little_endian(value.size(), 2));
    to.push_back(static_cast<std::byte>(id));
    add(to, value);
    if (padded) {
        to.resize(to.size() + (4 - value.size() % 4) % 4);
    }
}

}  // namespace

Bytes bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span{text});
    return {bytes.begin(), bytes.end()};
}

Bytes from_hex(std::string_view hex) {
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes.push_back(static_cast<std::byte>(std::stoul(std::string{hex.substr(i, 2)}, nullptr, 16)));
    }
    return bytes;
}

std::uint64_t to_filetime(Instant at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count() + 116'444'736'000'000'000);
}

std::uint64_t to_dotnet_utc(Instant at) {
    return 0x4000'0000'0000'0000U | static_cast<std::uint64_t>(at.time_since_epoch().count() + 621'355'968'000'000'000);
}

Bytes little_endian(std::uint64_t value, std::size_t width) {
    Bytes bytes;
    for (std::size_t i = 0; i < width; ++i) {
        bytes.push_back(static_cast<std::byte>(value >> (8U * i)));
    }
    return bytes;
}

Bytes make_modulus(std::uint32_t seed, std::size_t bits) {
    Bytes modulus(bits / 8);
    std::uint64_t state = 0x9E37'79B9'7F4A'7C15U * (seed + 1ULL);
    for (std::byte& byte : modulus) {
        state ^= state << 13U;
        state ^= state >> 7U;
        state ^= state << 17U;
        byte = static_cast<std::byte>(state >> 32U);
    }
    modulus.front() |= std::byte{0x80};
    modulus.back() |= std::byte{1};
    return modulus;
}

Bytes bcrypt_rsa_material(std::span<const std::byte> modulus, std::uint32_t exponent) {
    const Bytes exponent_bytes = big_endian(exponent, exponent > 0xFFFF ? 3 : 1);
    Bytes blob = bytes_of("RSA1");
    add(blob, little_endian(8 * modulus.size(), 4));
    add(blob, little_endian(exponent_bytes.size(), 4));
    add(blob, little_endian(modulus.size(), 4));
    add(blob, little_endian(0, 8));
    add(blob, exponent_bytes);
    add(blob, modulus);
    return blob;
}

Bytes pkcs1_material(std::span<const std::byte> modulus, std::uint32_t exponent) {
    Bytes numbers = der_unsigned(modulus);
    add(numbers, der_unsigned(big_endian(exponent, exponent > 0xFFFF ? 3 : 1)));
    return der(0x30, numbers);
}

Bytes spki_material(std::span<const std::byte> modulus, std::uint32_t exponent) {
    Bytes bits{std::byte{0}};
    add(bits, pkcs1_material(modulus, exponent));
    Bytes content = from_hex("300d06092a864886f70d0101010500");  // AlgorithmIdentifier rsaEncryption, NULL
    add(content, der(0x03, bits));
    return der(0x30, content);
}

Bytes tpm_material(std::span<const std::byte> modulus, std::uint32_t header_bytes) {
    Bytes area = from_hex("0001000b00040072");  // RSA, SHA-256, attributes
    add(area, from_hex("0020"));                // authPolicy
    add(area, Bytes(32, std::byte{0x5A}));
    add(area, from_hex("00100010"));  // no symmetric algorithm, no scheme
    add(area, big_endian(8 * modulus.size(), 2));
    add(area, big_endian(0, 4));  // the default exponent
    add(area, big_endian(modulus.size(), 2));
    add(area, modulus);
    Bytes sized = big_endian(area.size(), 2);
    add(sized, area);
    const Bytes secret(224, std::byte{0xC3});
    Bytes blob = bytes_of("PCPM");
    for (const std::uint64_t field : {std::uint64_t{header_bytes}, std::uint64_t{2}, std::uint64_t{0},
                                      std::uint64_t{sized.size()}, std::uint64_t{secret.size()}}) {
        add(blob, little_endian(field, 4));
    }
    blob.resize(header_bytes);  // the other sizes are 0
    add(blob, sized);
    add(blob, secret);
    return blob;
}

Bytes fido_material(std::string_view display_name) {
    Bytes data = sha256_of(bytes_of("login.microsoft.com"));  // rpIdHash
    add(data, from_hex("c5"
                       "00000007"));        // flags, signCount
    add(data, Bytes(16, std::byte{0x2F}));  // aaguid
    add(data, big_endian(32, 2));
    add(data, Bytes(32, std::byte{0x77}));  // credential id
    add(data, from_hex("a5010203262001"));  // the beginning of a COSE key
    return bytes_of("{\"version\":1,\"authData\":\"" + base64(data) +
                    R"(","x5c":["bm90IGEgY2VydGlmaWNhdGU="],"displayName":")" + std::string{display_name} + "\"}");
}

KeyCredentialBuilder::KeyCredentialBuilder(std::uint32_t seed)
    : created_{std::chrono::sys_days{std::chrono::year{2026} / 1 / 9} + std::chrono::hours{21} +
               ldap::Ticks{1'227'215'374}} {
    entries_[3] = bcrypt_rsa_material(make_modulus(seed));
    entries_[4] = little_endian(1, 1);
    entries_[6] = Bytes(16, static_cast<std::byte>(seed));
    entries_[7] = from_hex("01000000");
    entries_[8] = little_endian(0x4000'0000'0000'0000U, 8);
}

KeyCredentialBuilder& KeyCredentialBuilder::version(std::uint32_t version) {
    version_ = version;
    return *this;
}

KeyCredentialBuilder& KeyCredentialBuilder::usage(ldap::KeyUsage usage) {
    return entry(4, little_endian(static_cast<std::uint8_t>(usage), 1));
}

KeyCredentialBuilder& KeyCredentialBuilder::source(ldap::KeySource source) {
    source_ = source;
    return *this;
}

KeyCredentialBuilder& KeyCredentialBuilder::device(const ldap::Guid& device) {
    return entry(6, Bytes{device.bytes.begin(), device.bytes.end()});
}

KeyCredentialBuilder& KeyCredentialBuilder::material(Bytes material) {
    return entry(3, std::move(material));
}

KeyCredentialBuilder& KeyCredentialBuilder::created(Instant at) {
    created_ = at;
    return *this;
}

KeyCredentialBuilder& KeyCredentialBuilder::entry(std::uint8_t id, Bytes value) {
    entries_[id] = std::move(value);
    absent_.erase(id);
    return *this;
}

KeyCredentialBuilder& KeyCredentialBuilder::without(std::uint8_t id) {
    entries_.erase(id);
    absent_[id] = true;
    return *this;
}

KeyCredentialBuilder& KeyCredentialBuilder::append(std::uint8_t id, Bytes value) {
    appended_.emplace_back(id, std::move(value));
    return *this;
}

Bytes KeyCredentialBuilder::build() const {
    const bool padded = version_ == 0;
    auto entries = entries_;
    if (const auto material = entries.find(3); material != entries.end()) {
        entries.try_emplace(1, sha256_of(material->second));
    }
    entries.try_emplace(5, little_endian(static_cast<std::uint8_t>(source_), 1));
    const bool filetime = source_ != ldap::KeySource::azure_ad;
    entries.try_emplace(9, little_endian(filetime ? to_filetime(created_) : to_dotnet_utc(created_), 8));
    for (const auto& [id, is_absent] : absent_) {
        entries.erase(id);
    }
    const auto given_hash = entries.find(2);
    Bytes covered;
    for (const auto& [id, value] : entries) {
        if (id > 2) {
            add_entry(covered, id, value, padded);
        }
    }
    for (const auto& [id, value] : appended_) {
        add_entry(covered, id, value, padded);
    }
    Bytes blob = little_endian(version_, 4);
    for (const auto& [id, value] : entries) {
        if (id < 2) {
            add_entry(blob, id, value, padded);
        }
    }
    if (!absent_.contains(2)) {
        add_entry(blob, 2, given_hash == entries.end() ? sha256_of(covered) : given_hash->second, padded);
    }
    add(blob, covered);
    return blob;
}

std::string KeyCredentialBuilder::value(std::string_view dn) const {
    return to_dn_binary(build(), dn);
}

std::string to_dn_binary(std::span<const std::byte> blob, std::string_view dn) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text = "B:" + std::to_string(blob.size() * 2) + ':';
    for (const std::byte byte : blob) {
        text += digits[std::to_integer<std::size_t>(byte >> 4)];
        text += digits[std::to_integer<std::size_t>(byte & std::byte{15})];
    }
    return text + ':' + std::string{dn};
}

}  // namespace keysyncd::testing
