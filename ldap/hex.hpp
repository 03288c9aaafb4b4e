// Hexadecimal text of either case, to and from bytes. Table driven: a full sweep decodes a gigabyte of it.
#pragma once

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace keysyncd::ldap {

/// Fills `bytes`, which holds text.size() / 2; text has an even length. The miss is the position of the first
/// character that is no hexadecimal digit.
[[nodiscard]] std::expected<void, std::size_t> decode_hex(std::string_view text, std::span<std::byte> bytes) noexcept;

/// Lower case.
[[nodiscard]] std::string encode_hex(std::span<const std::byte> bytes);

}  // namespace keysyncd::ldap
