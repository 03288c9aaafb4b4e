#include "daemon/decode/decode_input.hpp"

#include <algorithm>
#include <array>

#include "entra/base64.hpp"

namespace keysyncd::daemon {
namespace {

constexpr std::string_view blank = " \t";

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trim(std::string_view text) noexcept {
    const std::size_t begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

bool is_dn_binary(std::string_view line) noexcept {
    return line.starts_with("B:");
}

/// Position of the colon of "name:" or "name;option:", npos for a line that is none of LDIF's.
std::size_t attribute_end(std::string_view line) noexcept {
    const auto belongs = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == ';' || c == '=' || c == '*';
    };
    const std::size_t colon = line.find(':');
    const bool named =
        colon != std::string_view::npos && colon > 0 && std::ranges::all_of(line.substr(0, colon), belongs);
    return named && !is_dn_binary(line) ? colon : std::string_view::npos;
}

bool is_comment(std::string_view line) noexcept {
    return line.starts_with('#');
}

bool is_key_attribute(std::string_view name) noexcept {
    return equal_ignoring_case(name, "msDS-KeyCredentialLink") || name == "1.2.840.113556.1.4.2328";
}

/// What may begin a block of LDIF besides the key attribute itself: only behind one are unknown names taken for
/// attributes, so that a damaged value is never skipped as one.
bool begins_block(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 5> names{"dn", "version", "search", "result", "ref"};
    return std::ranges::any_of(names, [name](std::string_view known) { return equal_ignoring_case(name, known); });
}

std::string decode_text(std::string_view text, bool base64) {
    if (!base64) {
        return std::string{text};
    }
    const auto bytes = entra::decode_base64(text);
    return bytes ? std::string{reinterpret_cast<const char*>(bytes->data()), bytes->size()} : std::string{};
}

}  // namespace

bool DecodeInput::read_physical() {
    if (has_ahead_) {
        return true;
    }
    if (!lines_.next(ahead_)) {
        return false;
    }
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (++lines_read_ == 1 && ahead_.starts_with(byte_order_mark)) {
        ahead_.erase(0, byte_order_mark.size());
    }
    ahead_overlong_ = lines_.overlong();
    has_ahead_ = true;
    return true;
}

std::optional<DecodeInput::LogicalLine> DecodeInput::next_line() {
    if (!read_physical()) {
        return std::nullopt;
    }
    LogicalLine line{.text = std::move(ahead_), .number = lines_read_, .overlong = ahead_overlong_};
    has_ahead_ = false;
    const bool may_be_folded = is_comment(line.text) || attribute_end(line.text) != std::string_view::npos;
    while (may_be_folded && read_physical() && ahead_.starts_with(' ')) {
        line.overlong = line.overlong || ahead_overlong_ || line.text.size() + ahead_.size() > longest_value;
        if (!line.overlong) {
            line.text.append(ahead_, 1);
        }
        has_ahead_ = false;
    }
    return line;
}

InputValue DecodeInput::make_value(const LogicalLine& line, std::string_view text) {
    return {.number = ++values_,
            .line = line.number,
            .text = std::string{trim(text)},
            .base64 = false,
            .by_url = false,
            .overlong = line.overlong,
            .entry_dn = in_entry_ ? entry_dn_ : std::string{}};
}

std::optional<InputValue> DecodeInput::read_attribute(const LogicalLine& line, std::size_t colon) {
    const std::string_view text{line.text};
    const std::string_view name = text.substr(0, std::min(colon, text.find(';')));
    std::string_view rest = text.substr(colon + 1);
    const bool base64 = rest.starts_with(':');
    const bool by_url = rest.starts_with('<');
    rest.remove_prefix(base64 || by_url ? 1 : 0);
    in_entry_ = true;
    if (equal_ignoring_case(name, "dn")) {
        entry_dn_ = decode_text(trim(rest), base64);
        return std::nullopt;
    }
    if (!is_key_attribute(name)) {
        return std::nullopt;
    }
    InputValue value = make_value(line, rest);
    value.base64 = base64;
    value.by_url = by_url;
    return value;
}

std::optional<InputValue> DecodeInput::next() {
    while (const auto line = next_line()) {
        const std::string_view text{line->text};
        if (trim(text).empty()) {
            in_entry_ = false;
            entry_dn_.clear();
            continue;
        }
        if (is_comment(text) || (in_entry_ && text == "-")) {
            continue;
        }
        const std::size_t colon = attribute_end(text);
        if (colon == std::string_view::npos) {
            return make_value(*line, text);
        }
        const std::string_view name = text.substr(0, std::min(colon, text.find(';')));
        if (!in_entry_ && !begins_block(name) && !is_key_attribute(name)) {
            return make_value(*line, text);
        }
        if (auto value = read_attribute(*line, colon)) {
            return value;
        }
    }
    return std::nullopt;
}

}  // namespace keysyncd::daemon
