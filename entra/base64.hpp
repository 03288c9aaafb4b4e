// Base64 in the three forms that Entra ID and Graph use for key ids, immutable ids and JWTs (RFC 4648 and .NET's
// UrlTokenEncode). Pure, any thread. Decoding is strict: no white space, no missing padding, no stray bits at the end,
// so that one byte string has exactly one text.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace keysyncd::entra {

/// RFC 4648 section 4, padded: onPremisesImmutableId, keyIdentifier.
[[nodiscard]] std::optional<std::vector<std::byte>> decode_base64(std::string_view text);
[[nodiscard]] std::string encode_base64(std::span<const std::byte> bytes);

/// RFC 4648 section 5, without padding: JWT parts, WebAuthn credential ids.
[[nodiscard]] std::optional<std::vector<std::byte>> decode_base64url(std::string_view text);
[[nodiscard]] std::string encode_base64url(std::span<const std::byte> bytes);

/// .NET's HttpServerUtility.UrlTokenEncode: section 5 without padding, then the number of pads left out as a digit.
[[nodiscard]] std::optional<std::vector<std::byte>> decode_url_token(std::string_view text);
[[nodiscard]] std::string encode_url_token(std::span<const std::byte> bytes);

}  // namespace keysyncd::entra
