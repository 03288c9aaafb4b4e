#include "config/yaml_document.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <stdexcept>

#include "config/escape.hpp"
#include "config/utf8.hpp"
#include "config/yaml_advice.hpp"

namespace keysyncd::config {

namespace {

constexpr std::size_t depth_limit = 32;
constexpr std::size_t expanded_limit = 100'000;
constexpr std::size_t key_limit = 4096;  // of one mapping: keys are compared one by one

/// Thrown through yaml-cpp by our handler, with the place of the fault.
struct SyntaxFault : std::runtime_error {
    SyntaxFault(const YAML::Mark& at, const std::string& what) : std::runtime_error(what), mark(at) {}
    YAML::Mark mark;
};

bool closes_its_quote(std::string_view source, std::size_t at) {
    if (at >= source.size() || (source[at] != '"' && source[at] != '\'')) {
        return true;  // a block scalar
    }
    const char quote = source[at];
    for (std::size_t i = at + 1; i < source.size(); ++i) {
        if (quote == '"' && source[i] == '\\') {
            ++i;
        } else if (source[i] == quote) {
            return true;  // of '' in single quotes the second one closes as well as any later one
        }
    }
    return false;
}

class TreeBuilder : public YAML::EventHandler {
  public:
    TreeBuilder(std::string_view source, std::string file, Problems& problems)
        : source_(source), file_(std::move(file)), problems_(problems) {}

    [[nodiscard]] YamlPtr root() const { return root_; }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) {
            const bool by_line =
                source_.substr(std::min(static_cast<std::size_t>(mark.pos), source_.size())).starts_with("---");
            throw SyntaxFault(mark, by_line ? "expected one YAML document, found a second one: remove the --- line"
                                            : "what came before is whole, and this does not belong to it: mind the "
                                              "indentation");
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        place(make(mark, YamlNode::Kind::null, "?"), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            throw SyntaxFault(mark, "an alias must not stand inside the value that it names");
        }
        attach(found->second, mark);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        if (tag == "!" && !closes_its_quote(source_, static_cast<std::size_t>(mark.pos))) {
            throw SyntaxFault(mark, "the quotation mark that opens here is never closed");
        }
        auto node = make(mark, YamlNode::Kind::scalar, tag);
        node->text = value;
        place(node, anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        open(make(mark, YamlNode::Kind::sequence, tag), anchor);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        open(make(mark, YamlNode::Kind::mapping, tag), anchor);
    }
    void OnMapEnd() override { close(); }

  private:
    struct Frame {
        std::shared_ptr<YamlNode> node;
        YAML::anchor_t anchor;
        bool awaits_value = false;  ///< of a mapping: the key has been read
        bool drop_value = false;    ///< of a repeated key
    };

    static std::shared_ptr<YamlNode> make(const YAML::Mark& mark, YamlNode::Kind kind, const std::string& tag) {
        if (!tag.empty() && tag != "?" && tag != "!" && tag != "tag:yaml.org,2002:str") {
            throw SyntaxFault(mark, fmt::format("the YAML tag {} is not supported: remove it", in_quotes(tag)));
        }
        auto node = std::make_shared<YamlNode>();
        node->kind = kind;
        node->line = mark.line + 1;
        node->column = mark.column + 1;
        return node;
    }

    static YAML::Mark mark_of(const YamlNode& node) {
        YAML::Mark mark;
        mark.line = node.line - 1;
        mark.column = node.column - 1;
        return mark;
    }

    void open(std::shared_ptr<YamlNode> node, YAML::anchor_t anchor) {
        if (frames_.size() >= depth_limit) {
            throw SyntaxFault(mark_of(*node), fmt::format("values are nested deeper than {} levels", depth_limit));
        }
        if (!frames_.empty() && expects_key(frames_.back())) {
            throw SyntaxFault(mark_of(*node), "expected a key, found a list or a mapping");
        }
        frames_.push_back({std::move(node), anchor});
    }

    void close() {
        Frame frame = std::move(frames_.back());
        frames_.pop_back();
        place(frame.node, frame.anchor);
    }

    void place(const std::shared_ptr<YamlNode>& node, YAML::anchor_t anchor) {
        if (anchor != 0) {
            anchors_[anchor] = node;
        }
        attach(node, mark_of(*node));
    }

    static bool expects_key(const Frame& frame) {
        return frame.node->kind == YamlNode::Kind::mapping && !frame.awaits_value;
    }

    void attach(const YamlPtr& node, const YAML::Mark& mark) {
        if (frames_.empty()) {
            root_ = node;
            return;
        }
        Frame& parent = frames_.back();
        if (expects_key(parent)) {
            add_key(parent, *node, mark);
            return;
        }
        parent.node->expanded_nodes += node->expanded_nodes;
        if (parent.node->expanded_nodes > expanded_limit) {
            throw SyntaxFault(mark, fmt::format("aliases grow the file beyond {} values", expanded_limit));
        }
        if (parent.node->kind == YamlNode::Kind::sequence) {
            parent.node->items.push_back(node);
            return;
        }
        parent.awaits_value = false;
        if (!parent.drop_value) {
            YamlMember& member = parent.node->members.back();
            member.value = node->kind == YamlNode::Kind::null ? nothing_at(member) : node;
        }
        parent.drop_value = false;
    }

    /// yaml-cpp places a missing value at whatever comes next; the key is what the operator looks for.
    static YamlPtr nothing_at(const YamlMember& key) {
        auto node = std::make_shared<YamlNode>();
        node->line = key.line;
        node->column = key.column;
        return node;
    }

    void add_key(Frame& parent, const YamlNode& key, const YAML::Mark& mark) {
        if (key.kind != YamlNode::Kind::scalar) {
            throw SyntaxFault(mark, fmt::format("expected a key, found {}", describe(key)));
        }
        parent.awaits_value = true;
        if (key.text == "<<") {
            throw SyntaxFault(mark,
                              "merge keys (<<) are not supported: write the keys out, or use an alias as a value");
        }
        const auto& members = parent.node->members;
        const auto first = std::ranges::find(members, key.text, &YamlMember::key);
        if (first != members.end()) {
            parent.drop_value = true;
            problems_.push_back({file_, mark.line + 1, mark.column + 1, path_to(key.text),
                                 fmt::format("the key stands twice, first on line {}: remove one", first->line)});
            return;
        }
        if (members.size() >= key_limit) {
            throw SyntaxFault(mark, fmt::format("a mapping has more than {} keys", key_limit));
        }
        parent.node->members.push_back({key.text, mark.line + 1, mark.column + 1, nullptr});
    }

    /// Where the innermost mapping stands, with the key behind it.
    [[nodiscard]] std::string path_to(const std::string& key) const {
        std::string path;
        for (std::size_t i = 0; i + 1 < frames_.size(); ++i) {
            const YamlNode& node = *frames_[i].node;
            if (node.kind == YamlNode::Kind::sequence) {
                path += fmt::format("[{}]", node.items.size());
            } else {
                path += fmt::format("{}{}", path.empty() ? "" : ".", node.members.back().key);
            }
        }
        return path + (path.empty() ? "" : ".") + key;
    }

    std::string_view source_;
    std::string file_;
    Problems& problems_;
    int documents_ = 0;
    YamlPtr root_;
    std::vector<Frame> frames_;
    std::map<YAML::anchor_t, YamlPtr> anchors_;
};

Problem syntax_problem(const std::string& file, const YAML::Mark& mark, std::string_view what) {
    const bool known = !mark.is_null();
    return {file, known ? mark.line + 1 : 0, known ? mark.column + 1 : 0, "", fmt::format("YAML syntax: {}", what)};
}

}  // namespace

YamlPtr parse_yaml(std::string_view text, const std::string& file_name, Problems& problems) {
    if (text.starts_with("\xef\xbb\xbf")) {
        text.remove_prefix(3);
    }
    if (const std::size_t bad = find_invalid_utf8_text(text); bad != std::string_view::npos) {
        const std::string_view before = text.substr(0, bad);
        const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
        problems.push_back({file_name, static_cast<int>(std::ranges::count(before, '\n')) + 1,
                            static_cast<int>(bad - line_start) + 1, "",
                            fmt::format("expected UTF-8 text, found byte 0x{:02x}",
                                        static_cast<unsigned>(static_cast<unsigned char>(text[bad])))});
        return nullptr;
    }
    TreeBuilder builder(text, file_name, problems);
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const SyntaxFault& fault) {
        problems.push_back(syntax_problem(file_name, fault.mark, fault.what()));
        return nullptr;
    } catch (const YAML::Exception& fault) {
        problems.push_back(syntax_problem(file_name, fault.mark,
                                          yaml_advice(fault.msg, text, fault.mark.is_null() ? -1 : fault.mark.line)));
        return nullptr;
    }
    if (builder.root() == nullptr) {
        return std::make_shared<YamlNode>();
    }
    return builder.root();
}

std::string describe(const YamlNode& node) {
    switch (node.kind) {
        case YamlNode::Kind::null:
            return "nothing";
        case YamlNode::Kind::sequence:
            return node.items.empty() ? "an empty list" : "a list";
        case YamlNode::Kind::mapping:
            return "a mapping";
        case YamlNode::Kind::scalar:
            break;
    }
    return in_quotes(node.text);
}

}  // namespace keysyncd::config
