#include "ldap/sid.hpp"

#include <charconv>

#include "ldap/little_endian.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::size_t header_bytes = 8;
constexpr std::size_t most_sub_authorities = 15;
constexpr std::uint64_t authority_end = std::uint64_t{1} << 48U;

/// Takes "-NUMBER" off the front of `text`.
template <typename Number>
std::optional<Number> take_number(std::string_view& text) noexcept {
    if (text.size() < 2 || text.front() != '-') {
        return std::nullopt;
    }
    Number number{};
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), number);
    if (error != std::errc{}) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

}  // namespace

std::string Sid::to_string() const {
    if (empty()) {
        return {};
    }
    std::string text = "S-1-" + std::to_string(authority_);
    for (const std::uint32_t sub : authorities_) {
        text += '-';
        text += std::to_string(sub);
    }
    return text;
}

std::vector<std::byte> Sid::to_bytes() const {
    if (empty()) {
        return {};
    }
    std::vector<std::byte> bytes;
    bytes.reserve(header_bytes + 4 * authorities_.size());
    bytes.push_back(std::byte{1});
    bytes.push_back(static_cast<std::byte>(authorities_.size()));
    for (unsigned shift = 48; shift > 0; shift -= 8) {
        bytes.push_back(static_cast<std::byte>(authority_ >> (shift - 8U)));
    }
    for (const std::uint32_t sub : authorities_) {
        for (unsigned shift = 0; shift < 32; shift += 8) {
            bytes.push_back(static_cast<std::byte>(sub >> shift));
        }
    }
    return bytes;
}

Sid Sid::domain() const {
    Sid domain = *this;
    if (!domain.authorities_.empty()) {
        domain.authorities_.pop_back();
    }
    return domain;
}

std::optional<Sid> Sid::from_bytes(std::span<const std::byte> bytes) {
    if (bytes.size() < header_bytes || bytes[0] != std::byte{1}) {
        return std::nullopt;
    }
    const auto count = std::to_integer<std::size_t>(bytes[1]);
    if (count == 0 || count > most_sub_authorities || bytes.size() != header_bytes + 4 * count) {
        return std::nullopt;
    }
    Sid sid;
    for (std::size_t i = 2; i < header_bytes; ++i) {
        sid.authority_ = (sid.authority_ << 8U) | std::to_integer<std::uint64_t>(bytes[i]);
    }
    sid.authorities_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        sid.authorities_.push_back(load_le32(bytes.subspan(header_bytes + 4 * i)));
    }
    return sid;
}

std::optional<Sid> Sid::parse(std::string_view text) {
    if (!text.starts_with("S-1-") && !text.starts_with("s-1-")) {
        return std::nullopt;
    }
    text.remove_prefix(3);
    Sid sid;
    const auto authority = take_number<std::uint64_t>(text);
    if (!authority || *authority >= authority_end) {
        return std::nullopt;
    }
    sid.authority_ = *authority;
    while (!text.empty()) {
        const auto sub = take_number<std::uint32_t>(text);
        if (!sub || sid.authorities_.size() == most_sub_authorities) {
            return std::nullopt;
        }
        sid.authorities_.push_back(*sub);
    }
    if (sid.authorities_.empty()) {
        return std::nullopt;
    }
    return sid;
}

}  // namespace keysyncd::ldap
