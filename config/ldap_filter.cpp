#include "config/ldap_filter.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace keysyncd::config {

namespace {

constexpr int depth_limit = 50;

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// attr, attr;option, attr:dn:=, attr:1.2.840.113556.1.4.803:=
bool is_attribute_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == ';' ||
           c == '.' || c == ':';
}

class FilterScanner {
  public:
    explicit FilterScanner(std::string_view text) : text_(text) {}

    std::string objection() {
        filter(0);
        if (fault_.empty() && at_ != text_.size()) {
            fail("nothing may follow the closing parenthesis");
        }
        return fault_;
    }

  private:
    [[nodiscard]] bool ended() const { return at_ >= text_.size(); }
    [[nodiscard]] char peek() const { return ended() ? '\0' : text_[at_]; }

    void fail(std::string_view why) {
        if (fault_.empty()) {
            fault_ = fmt::format("at character {}: {}", at_ + 1, why);
        }
    }

    void expect(char c) {
        if (peek() == c && !ended()) {
            ++at_;
        } else {
            fail(fmt::format("expected {}", c));
        }
    }

    void filter(int depth) {  // NOLINT(misc-no-recursion): bounded by depth_limit
        if (depth > depth_limit) {
            fail("nested too deeply");
            return;
        }
        expect('(');
        if (!fault_.empty()) {
            return;
        }
        if (peek() == '&' || peek() == '|') {
            ++at_;
            if (peek() != '(') {
                fail("expected ( after & or |");
            }
            while (fault_.empty() && peek() == '(') {
                filter(depth + 1);
            }
        } else if (peek() == '!') {
            ++at_;
            filter(depth + 1);
        } else {
            comparison();
        }
        if (fault_.empty()) {
            expect(')');
        }
    }

    [[nodiscard]] bool escapes_a_byte() const {
        return text_.size() - at_ > 2 && is_hex(text_[at_ + 1]) && is_hex(text_[at_ + 2]);
    }

    void comparison() {
        const std::size_t start = at_;
        while (!ended() && is_attribute_character(peek())) {
            ++at_;
        }
        if (at_ == start) {
            fail("expected the name of an attribute");
            return;
        }
        if (peek() == '~' || peek() == '<' || peek() == '>') {
            ++at_;
        }
        expect('=');
        while (fault_.empty() && !ended() && peek() != ')') {
            if (peek() == '(') {
                fail("a parenthesis in a value is written \\28 or \\29");
            } else if (peek() == '\\' && !escapes_a_byte()) {
                fail("a backslash is followed by two hexadecimal digits (\\5c for a backslash)");
            } else {
                ++at_;
            }
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string fault_;
};

}  // namespace

std::string ldap_filter_objection(std::string_view filter) {
    return FilterScanner(filter).objection();
}

}  // namespace keysyncd::config
