#include "config/yaml_advice.hpp"

namespace keysyncd::config {
namespace {

/// Up to the end of this line; -1: nothing.
std::string_view lines_to(std::string_view text, int line) {
    std::size_t end = 0;
    for (int i = 0; i <= line && end < text.size(); ++i) {
        end = text.find('\n', end);
        end = end == std::string_view::npos ? text.size() : end + 1;
    }
    return text.substr(0, end);
}

bool is_indented_by_tab(std::string_view text, int line) {
    const std::string_view before = lines_to(text, line - 1);
    const std::string_view here = lines_to(text, line).substr(before.size());
    const std::size_t first = here.find_first_not_of(" \t");
    return here.substr(0, first).find('\t') != std::string_view::npos;
}

}  // namespace

std::string yaml_advice(std::string_view complaint, std::string_view text, int line) {
    if (line >= 0 && is_indented_by_tab(text, line)) {
        return "a tab must not indent: use spaces";
    }
    const bool names_variable = line >= 0 && lines_to(text, line).find("${") != std::string_view::npos;
    if (complaint == "end of map flow not found") {
        return std::string{"a { is not closed by a }"} +
               (names_variable ? ": a value with ${...} inside of {...} needs quotation marks" : "");
    }
    if (complaint == "end of sequence flow not found") {
        return "a [ is not closed by a ]";
    }
    if (complaint == "illegal map value") {
        return "a key must not stand here: mind the indentation, and put a value that holds \": \" in quotation marks";
    }
    if (complaint == "illegal block entry") {
        return "a list's item must not stand here: mind the indentation";
    }
    if (complaint == "end of map not found") {
        return "expected a key as indented as those before it";
    }
    return std::string{complaint};
}

}  // namespace keysyncd::config
