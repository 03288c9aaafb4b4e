// A YAML file as a tree that knows where each value stands. yaml-cpp reads the syntax; what it lets pass is refused
// here: repeated keys, unclosed quotes, several documents, tags, bytes that are not UTF-8, and aliases that would grow
// a small file into a huge tree. Pure; any thread. Specification: yaml.org/spec/1.2, without merge keys.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.hpp"

namespace keysyncd::config {

struct YamlNode;
using YamlPtr = std::shared_ptr<const YamlNode>;

struct YamlMember {
    std::string key;
    int line = 0;
    int column = 0;
    YamlPtr value;
};

struct YamlNode {
    enum class Kind { null, scalar, sequence, mapping };
    Kind kind = Kind::null;
    int line = 0;  ///< of the value's first character, from 1
    int column = 0;
    std::string text;                 ///< scalar
    std::vector<YamlPtr> items;       ///< sequence
    std::vector<YamlMember> members;  ///< mapping, in the file's order, keys unique
    std::size_t expanded_nodes = 1;   ///< nodes below and including this one, aliases counted each time
};

/// The root of the file's only document; a null node for an empty file. On a syntax error: nullptr and one problem.
/// A repeated key is a problem too, but the tree is still given (the first value stands).
[[nodiscard]] YamlPtr parse_yaml(std::string_view text, const std::string& file_name, Problems& problems);

/// Reads a file of at most 1 MiB for parse_yaml. False and one problem where it cannot be read.
[[nodiscard]] bool read_yaml_file(const std::string& file_name, std::string& text, Problems& problems);

/// "nothing", "a list", "a mapping" or the quoted text: for telling what was found.
[[nodiscard]] std::string describe(const YamlNode& node);

}  // namespace keysyncd::config
