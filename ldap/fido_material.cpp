#include "ldap/fido_material.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace keysyncd::ldap {
namespace {

// WebAuthn authenticator data is at least 37 bytes (rpIdHash, flags, signCount): 50 base64 characters.
constexpr std::size_t least_auth_data_characters = 50;
constexpr int deepest = 16;

/// Walks over one JSON value. No copies and no limits but depth: the text is at most 64 KiB by the entry's length.
class JsonWalker {
  public:
    explicit JsonWalker(std::string_view text) noexcept : text_{text} {}

    /// The whole text is one object that has a string "authData" of base64 long enough.
    [[nodiscard]] bool holds_auth_data() noexcept {
        return object(0) && (skip_space(), at_ == text_.size()) && has_auth_data_;
    }

  private:
    void skip_space() noexcept {
        while (at_ < text_.size() && std::string_view{" \t\r\n"}.contains(text_[at_])) {
            ++at_;
        }
    }

    [[nodiscard]] bool take(char c) noexcept {
        skip_space();
        if (at_ == text_.size() || text_[at_] != c) {
            return false;
        }
        ++at_;
        return true;
    }

    [[nodiscard]] std::optional<std::string_view> string() noexcept {
        if (!take('"')) {
            return std::nullopt;
        }
        const std::size_t begin = at_;
        for (; at_ < text_.size(); ++at_) {
            if (text_[at_] == '"') {
                return text_.substr(begin, at_++ - begin);
            }
            if (static_cast<unsigned char>(text_[at_]) < 0x20) {
                return std::nullopt;
            }
            if (text_[at_] == '\\') {
                ++at_;
            }
        }
        return std::nullopt;
    }

    /// A number, true, false or null: its characters only.
    [[nodiscard]] bool scalar() noexcept {
        const std::size_t begin = at_;
        while (at_ < text_.size() && std::string_view{"+-.0123456789Eaeflnrstu"}.contains(text_[at_])) {
            ++at_;
        }
        return at_ > begin;
    }

    [[nodiscard]] bool value(int depth) noexcept {
        skip_space();
        if (at_ == text_.size() || depth > deepest) {
            return false;
        }
        switch (text_[at_]) {
            case '{':
                return object(depth);
            case '[':
                return array(depth);
            case '"':
                return string().has_value();
            default:
                return scalar();
        }
    }

    [[nodiscard]] bool array(int depth) noexcept {
        if (!take('[')) {
            return false;
        }
        if (take(']')) {
            return true;
        }
        do {
            if (!value(depth + 1)) {
                return false;
            }
        } while (take(','));
        return take(']');
    }

    [[nodiscard]] bool object(int depth) noexcept {
        if (!take('{')) {
            return false;
        }
        if (take('}')) {
            return true;
        }
        do {
            const auto name = string();
            if (!name || !take(':')) {
                return false;
            }
            if (depth == 0 && *name == "authData") {
                const auto data = string();
                has_auth_data_ = data && is_base64(*data) && data->size() >= least_auth_data_characters;
                if (!has_auth_data_) {
                    return false;
                }
            } else if (!value(depth + 1)) {
                return false;
            }
        } while (take(','));
        return take('}');
    }

    [[nodiscard]] static bool is_base64(std::string_view data) noexcept {
        return std::ranges::all_of(data, [](char c) {
            const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            return letter || std::string_view{"+/-_=\\"}.contains(c);  // "\/" is JSON's escaped slash
        });
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool has_auth_data_ = false;
};

}  // namespace

bool is_fido_material(std::span<const std::byte> text) noexcept {
    return JsonWalker{std::string_view{reinterpret_cast<const char*>(text.data()), text.size()}}.holds_auth_data();
}

}  // namespace keysyncd::ldap
