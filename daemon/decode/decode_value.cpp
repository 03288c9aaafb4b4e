#include "daemon/decode/decode_value.hpp"

#include <fmt/format.h>

#include <vector>

#include "entra/base64.hpp"
#include "ldap/dn_binary.hpp"
#include "ldap/hex.hpp"

namespace keysyncd::daemon {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdefABCDEF";
constexpr std::string_view base64_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

struct Blob {
    std::vector<std::byte> bytes;
    std::optional<std::string> dn;
};

std::unexpected<DecodeFailure> fail(std::size_t offset, std::string reason) {
    return std::unexpected(DecodeFailure{.in_blob = false, .offset = offset, .reason = std::move(reason)});
}

std::expected<Blob, DecodeFailure> from_dn_binary(std::string_view text) {
    auto value = ldap::parse_dn_binary(text);
    if (!value) {
        return fail(value.error().offset, fmt::format("{}: {}", to_string(value.error().error), value.error().detail));
    }
    return Blob{.bytes = std::move(value->binary), .dn = std::move(value->dn)};
}

std::expected<Blob, DecodeFailure> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return fail(text.size(),
                    fmt::format("odd_hex: {} hexadecimal digits are no whole number of bytes", text.size()));
    }
    Blob blob{.bytes = std::vector<std::byte>(text.size() / 2), .dn = std::nullopt};
    if (const auto decoded = ldap::decode_hex(text, blob.bytes); !decoded) {
        return fail(decoded.error(), "bad_hex: expected a hexadecimal digit");
    }
    return blob;
}

std::expected<Blob, DecodeFailure> from_base64(std::string_view text) {
    auto bytes = entra::decode_base64(text);
    if (!bytes) {
        const std::size_t bad = text.find_first_not_of(base64_characters);
        return bad != std::string_view::npos
                   ? fail(bad, "bad_base64: expected a base64 character")
                   : fail(text.size(), "bad_base64: the base64 text is cut short or wrongly padded");
    }
    const std::string_view inside{reinterpret_cast<const char*>(bytes->data()), bytes->size()};
    if (inside.starts_with("B:")) {
        auto value = from_dn_binary(inside);
        if (!value) {
            value.error().reason += " (in the text that the base64 holds)";
        }
        return value;
    }
    return Blob{.bytes = *std::move(bytes), .dn = std::nullopt};
}

std::expected<Blob, DecodeFailure> read_blob(const InputValue& value) {
    const std::string_view text{value.text};
    if (value.overlong) {
        return fail(DecodeInput::longest_value,
                    fmt::format("too_long: a value of more than {} bytes is not read", DecodeInput::longest_value));
    }
    if (value.by_url) {
        return fail(0, "by_url: LDIF gives the address of a file instead of the value; addresses are not followed");
    }
    if (value.base64) {
        return from_base64(text);
    }
    if (text.starts_with("B:")) {
        return from_dn_binary(text);
    }
    // The version in hexadecimal: a wrong digit further on does not make it base64.
    if (text.starts_with("00020000") || text.find_first_not_of(hex_digits) == std::string_view::npos) {
        return from_hex(text);
    }
    if (const std::size_t bad = text.find_first_not_of(base64_characters); bad != std::string_view::npos) {
        return fail(bad,
                    "not_recognised: expected DN-Binary (B:<count>:<hexadecimal>:<DN>), hexadecimal, base64 or LDIF");
    }
    return from_base64(text);
}

}  // namespace

std::expected<DecodedValue, DecodeFailure> decode_value(const InputValue& value, ldap::Instant now) {
    auto blob = read_blob(value);
    if (!blob) {
        return std::unexpected(blob.error());
    }
    auto key = ldap::decode_key_credential(blob->bytes, now);
    if (!key) {
        return std::unexpected(
            DecodeFailure{.in_blob = true,
                          .offset = key.error().offset,
                          .reason = fmt::format("{}: {}", to_string(key.error().error), key.error().detail)});
    }
    if (!blob->dn && !value.entry_dn.empty()) {
        blob->dn = value.entry_dn;
    }
    return DecodedValue{.key = *std::move(key), .dn = std::move(blob->dn)};
}

}  // namespace keysyncd::daemon
