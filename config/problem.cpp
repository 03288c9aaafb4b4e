#include "config/problem.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/escape.hpp"

namespace keysyncd::config {

std::string to_string(const Problem& problem) {
    std::string text = escape_control(problem.file);
    if (problem.line > 0) {
        text += fmt::format(":{}:{}", problem.line, problem.column);
    }
    text += problem.severity == Severity::error ? ": error: " : ": warning: ";
    if (!problem.key_path.empty()) {
        text += escape_control(problem.key_path) + ": ";
    }
    return text + escape_control(problem.message);
}

bool has_errors(const Problems& problems) {
    return std::ranges::any_of(problems, [](const Problem& p) { return p.severity == Severity::error; });
}

}  // namespace keysyncd::config
