#include "config/key_name.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

namespace keysyncd::config {

namespace {

/// Damerau-Levenshtein distance with adjacent transpositions: insert, delete, replace and swap cost one each.
std::size_t slips(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        last[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
        std::swap(before_last, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

constexpr std::size_t longest_key = 64;  // longer ones are no slip of a key of ours

}  // namespace

std::string_view nearest_name(std::string_view word, std::span<const std::string_view> names) {
    std::string_view best;
    std::size_t best_slips = 3;
    if (word.size() > longest_key) {
        return best;
    }
    for (const std::string_view name : names) {
        const std::size_t found = slips(word, name);
        const std::size_t allowed = std::min<std::size_t>(2, std::max(word.size(), name.size()) / 3);
        if (found <= allowed && found < best_slips) {
            best = name;
            best_slips = found;
        }
    }
    return best;
}

bool names_a_secret(std::string_view key) {
    constexpr std::array endings{std::string_view("password"),   std::string_view("passwd"),
                                 std::string_view("secret"),     std::string_view("token"),
                                 std::string_view("passphrase"), std::string_view("private_key"),
                                 std::string_view("pass"),       std::string_view("pwd")};
    std::string lower(key.substr(0, longest_key));
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return std::ranges::any_of(endings, [&](std::string_view ending) { return lower.ends_with(ending); });
}

std::string unknown_key_message(std::string_view key, std::span<const std::string_view> known) {
    if (names_a_secret(key)) {
        std::vector<std::string_view> files;
        std::ranges::copy_if(known, std::back_inserter(files),
                             [](std::string_view name) { return name.ends_with("_file"); });
        // The file that goes by the key's own name comes first: password_file for password.
        const auto own = std::ranges::find_if(files, [&](std::string_view name) {
            return name.substr(0, name.size() - 5) == key || key.ends_with(name.substr(0, name.size() - 5));
        });
        if (own != files.end()) {
            return fmt::format(
                "a secret must not stand in this file: put it in a file of its own (chmod 600) and name that with {}",
                *own);
        }
        return "a secret must not stand in this file, and this key is not known: remove it";
    }
    std::string message = "the key is not known";
    if (const std::string_view near = nearest_name(key, known); !near.empty()) {
        return message + fmt::format(": did you mean {}?", near);
    }
    return message + fmt::format("; known here: {}", fmt::join(known, ", "));
}

}  // namespace keysyncd::config
