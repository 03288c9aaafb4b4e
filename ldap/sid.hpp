// objectSid (MS-DTYP 2.4.2): revision, count, 48-bit big-endian authority, 32-bit little-endian sub-authorities.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace keysyncd::ldap {

class Sid {
  public:
    Sid() = default;
    auto operator<=>(const Sid&) const = default;

    [[nodiscard]] bool empty() const noexcept { return authorities_.empty(); }
    /// "S-1-5-21-..." or "" when empty.
    [[nodiscard]] std::string to_string() const;
    /// The wire form.
    [[nodiscard]] std::vector<std::byte> to_bytes() const;
    /// The last sub-authority: the relative identifier within the domain. 0 when empty.
    [[nodiscard]] std::uint32_t rid() const noexcept { return authorities_.empty() ? 0 : authorities_.back(); }
    /// All but the last sub-authority: the SID of the domain that issued it.
    [[nodiscard]] Sid domain() const;

    /// std::nullopt when the length does not fit the count, the revision is not 1 or there are over 15 sub-authorities.
    [[nodiscard]] static std::optional<Sid> from_bytes(std::span<const std::byte> bytes);
    [[nodiscard]] static std::optional<Sid> parse(std::string_view text);

  private:
    std::uint64_t authority_ = 0;
    std::vector<std::uint32_t> authorities_;
};

}  // namespace keysyncd::ldap
