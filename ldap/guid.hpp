// objectGUID, invocationId and DeviceId: 16 bytes in the mixed-endian order that Windows stores (MS-DTYP 2.3.4.2).
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace keysyncd::ldap {

struct Guid {
    std::array<std::byte, 16> bytes{};  ///< as on the wire

    auto operator<=>(const Guid&) const = default;
    [[nodiscard]] bool is_zero() const noexcept { return *this == Guid{}; }
    /// Lower-case 8-4-4-4-12 form.
    [[nodiscard]] std::string to_string() const;

    /// std::nullopt unless exactly 16 bytes.
    [[nodiscard]] static std::optional<Guid> from_bytes(std::span<const std::byte> bytes) noexcept {
        Guid guid;
        if (bytes.size() != guid.bytes.size()) {
            return std::nullopt;
        }
        std::memcpy(guid.bytes.data(), bytes.data(), guid.bytes.size());
        return guid;
    }
    /// Parses 8-4-4-4-12, either case, with or without braces.
    [[nodiscard]] static std::optional<Guid> parse(std::string_view text) noexcept;
};

}  // namespace keysyncd::ldap
