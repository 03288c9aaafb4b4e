// One thing wrong with a configuration file: where it stands, which key it is about, and how to mend it.
// Loaders collect every problem of a file before they give up, so that an operator mends them in one go.
// Plain data; any thread.
#pragma once

#include <string>
#include <vector>

namespace keysyncd::config {

enum class Severity { error, warning };

/// Lines and columns count from 1; 0 means that the file as a whole is meant.
struct Problem {
    std::string file;
    int line = 0;
    int column = 0;
    std::string key_path;  ///< "domains[0].tls.ca_file"; empty for a problem of the file or of its syntax
    std::string message;   ///< what was expected, what was found, how to mend it; never a secret
    Severity severity = Severity::error;
};

using Problems = std::vector<Problem>;

/// "FILE:LINE:COL: error: KEY.PATH: message", without what is not known. One line, control characters escaped.
[[nodiscard]] std::string to_string(const Problem& problem);

[[nodiscard]] bool has_errors(const Problems& problems);

}  // namespace keysyncd::config
