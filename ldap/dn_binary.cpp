#include "ldap/dn_binary.hpp"

#include <fmt/format.h>

#include <charconv>

#include "ldap/hex.hpp"

namespace keysyncd::ldap {
namespace {

std::unexpected<DnBinaryFailure> fail(DnBinaryError error, std::size_t offset, std::string detail) {
    return std::unexpected(DnBinaryFailure{.error = error, .offset = offset, .detail = std::move(detail)});
}

}  // namespace

std::string_view to_string(DnBinaryError error) noexcept {
    switch (error) {
        case DnBinaryError::not_dn_binary:
            return "not_dn_binary";
        case DnBinaryError::bad_count:
            return "bad_count";
        case DnBinaryError::count_mismatch:
            return "count_mismatch";
        case DnBinaryError::bad_hex:
            return "bad_hex";
        case DnBinaryError::odd_hex:
            return "odd_hex";
        case DnBinaryError::missing_dn_separator:
            return "missing_dn_separator";
    }
    return "unknown";
}

std::expected<DnBinaryParts, DnBinaryFailure> split_dn_binary(std::string_view text) {
    constexpr std::size_t count_at = 2;
    if (!text.starts_with("B:")) {
        return fail(DnBinaryError::not_dn_binary, 0, R"(expected "B:<count>:<hexadecimal>:<DN>")");
    }
    std::size_t count = 0;
    const char* const end = text.data() + text.size();
    const auto [count_end, error] = std::from_chars(text.data() + count_at, end, count);
    const auto after_count = static_cast<std::size_t>(count_end - text.data());
    if (error != std::errc{} || count_end == end || *count_end != ':') {
        return fail(DnBinaryError::bad_count, error == std::errc{} ? after_count : count_at,
                    R"(expected the number of hexadecimal digits and a colon after "B:")");
    }
    const std::size_t hex_at = after_count + 1;
    const std::size_t available = text.size() - hex_at;
    if (count > available) {
        return fail(DnBinaryError::count_mismatch, text.size(),
                    fmt::format("the count says {} hexadecimal digits, only {} characters follow", count, available));
    }
    if (hex_at + count == text.size() || text[hex_at + count] != ':') {
        // Whichever is wrong, the count or the digits: say what is there.
        const std::size_t colon = text.find(':', hex_at);
        if (colon == std::string_view::npos) {
            return fail(DnBinaryError::missing_dn_separator, text.size(),
                        "expected a colon and the DN after the hexadecimal digits");
        }
        return fail(DnBinaryError::count_mismatch, colon,
                    fmt::format("the count says {} hexadecimal digits, {} are there", count, colon - hex_at));
    }
    if (count % 2 != 0) {
        return fail(DnBinaryError::odd_hex, count_at,
                    fmt::format("{} hexadecimal digits are no whole number of bytes", count));
    }
    return DnBinaryParts{
        .hex = text.substr(hex_at, count), .hex_offset = hex_at, .dn = text.substr(hex_at + count + 1)};
}

std::expected<DnBinary, DnBinaryFailure> parse_dn_binary(std::string_view text) {
    const auto parts = split_dn_binary(text);
    if (!parts) {
        return std::unexpected(parts.error());
    }
    DnBinary value{.binary = std::vector<std::byte>(parts->hex.size() / 2), .dn = std::string{parts->dn}};
    if (const auto decoded = decode_hex(parts->hex, value.binary); !decoded) {
        return fail(DnBinaryError::bad_hex, parts->hex_offset + decoded.error(), "expected a hexadecimal digit");
    }
    return value;
}

}  // namespace keysyncd::ldap
