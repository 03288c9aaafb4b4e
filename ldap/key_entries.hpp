// The entries of a KEYCREDENTIALLINK_BLOB one after the other (MS-ADTS 2.2.20.3): 16 bits of length, an identifier, a
// value. Pure, over untrusted bytes: the whole blob must be made of whole entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "ldap/key_credential.hpp"
#include "ldap/little_endian.hpp"

namespace keysyncd::ldap {

enum class EntryId : std::uint8_t {
    key_id = 1,
    key_hash = 2,
    key_material = 3,
    key_usage = 4,
    key_source = 5,
    device_id = 6,
    custom_key_information = 7,
    last_logon_time = 8,
    creation_time = 9,
};
/// "KeyID", ...; "" for an identifier without a name.
[[nodiscard]] std::string_view to_string(EntryId id) noexcept;

constexpr std::size_t version_bytes = 4;
constexpr std::size_t entry_header_bytes = 3;

class EntryCursor {
  public:
    /// `padded`: values fill up to a multiple of four bytes, as in version 0.
    EntryCursor(std::span<const std::byte> blob, bool padded) noexcept : blob_{blob}, padded_{padded} {}

    /// std::nullopt at the end of the blob and on a failure, which failure() then tells. Inline: decoding a value is
    /// mostly this.
    [[nodiscard]] std::optional<KeyEntry> next() noexcept {
        const std::size_t left = blob_.size() - at_;
        if (left < entry_header_bytes) {
            failed_ = left != 0;
            return std::nullopt;
        }
        const std::uint16_t length = load_le16(blob_.subspan(at_));
        const std::size_t padding = padded_ ? (4U - length % 4U) % 4U : 0U;
        if (length + padding > left - entry_header_bytes) {
            failed_ = true;
            return std::nullopt;
        }
        const KeyEntry entry{
            .id = std::to_integer<std::uint8_t>(blob_[at_ + 2]), .offset = at_ + entry_header_bytes, .length = length};
        at_ = entry.offset + length + padding;
        return entry;
    }
    [[nodiscard]] bool failed() const noexcept { return failed_; }
    /// Where failed(), what is wrong.
    [[nodiscard]] BlobFailure failure() const;

  private:
    std::span<const std::byte> blob_;
    std::size_t at_ = version_bytes;
    bool padded_;
    bool failed_ = false;
};

}  // namespace keysyncd::ldap
