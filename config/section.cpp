#include "config/section.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "config/config_path.hpp"
#include "config/duration.hpp"
#include "config/escape.hpp"
#include "config/key_name.hpp"
#include "config/readable_file.hpp"
#include "config/secret_file.hpp"
#include "config/utf8.hpp"

namespace keysyncd::config {

namespace {

std::string join_path(const std::string& path, std::string_view key) {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

Place place_at(const YamlNode& node, std::string path) {
    return {node.line, node.column, std::move(path)};
}

/// What speaks against a file of this kind; empty: nothing.
std::string file_objection(const std::filesystem::path& file, FileKind kind) {
    switch (kind) {
        case FileKind::any:
            return {};
        case FileKind::readable:
            return readable_file_objection(file);
        case FileKind::secret:
        case FileKind::short_lived:
            break;
    }
    return secret_file_objection(file);
}

}  // namespace

void Report::add(const Place& place, std::string message, Severity severity) {
    problems_.push_back({file_, place.line, place.column, place.key_path, std::move(message), severity});
}

Problems Report::take_sorted() {
    std::multimap<std::pair<int, int>, Problem> by_place;  // keeps the order in which those of one place were found
    for (Problem& problem : problems_) {
        by_place.emplace(std::pair{problem.line, problem.column}, std::move(problem));
    }
    problems_.clear();
    Problems sorted;
    for (auto& [place, problem] : by_place) {
        sorted.push_back(std::move(problem));
    }
    return sorted;
}

Section::Section(Report& report, YamlPtr mapping, Place place)
    : report_(&report), node_(std::move(mapping)), place_(std::move(place)) {}

std::optional<Section> Section::of(Report& report, const YamlPtr& node, Place place) {
    if (node->kind != YamlNode::Kind::mapping) {
        // Not in its words: where a section about credentials should be, it may be a secret.
        const bool text = node->kind == YamlNode::Kind::scalar;
        report.error(place, fmt::format("expected keys and values, found {}", text ? "text" : describe(*node)));
        return std::nullopt;
    }
    return Section(report, node, std::move(place));
}

std::optional<Section> Section::root(Report& report, const YamlPtr& tree) {
    return of(report, tree, {tree->line, tree->column, ""});
}

const YamlMember* Section::find(std::string_view key) const {
    const auto found = std::ranges::find(node_->members, key, &YamlMember::key);
    return found == node_->members.end() ? nullptr : &*found;
}

const YamlMember* Section::ask(std::string_view key) {
    asked_.emplace(key);
    return find(key);
}

bool Section::has(std::string_view key) const {
    return find(key) != nullptr;
}

Place Section::place_of(std::string_view key) const {
    const YamlMember* member = find(key);
    std::string path = join_path(place_.key_path, key);
    return member != nullptr ? place_at(*member->value, std::move(path))
                             : Place{place_.line, place_.column, std::move(path)};
}

std::optional<Placed<std::string>> Section::scalar(const YamlNode& node, const Place& place,
                                                   std::string_view expected) {
    if (node.kind != YamlNode::Kind::scalar) {
        report_->error(place, fmt::format("expected {}, found {}", expected, describe(node)));
        return std::nullopt;
    }
    if (node.text.empty()) {
        report_->error(place, fmt::format("expected {}, found nothing: give a value or remove the key", expected));
        return std::nullopt;
    }
    if (node.text.find_first_of("\r\n") != std::string::npos ||
        find_invalid_utf8_text(node.text) != std::string_view::npos) {
        report_->error(place, fmt::format("expected {} on one line, found control characters", expected));
        return std::nullopt;
    }
    return Placed<std::string>{node.text, place};
}

std::optional<Placed<std::string>> Section::text(std::string_view key) {
    const YamlMember* member = ask(key);
    return member == nullptr ? std::nullopt : scalar(*member->value, place_of(key), "text");
}

std::optional<bool> Section::boolean(std::string_view key) {
    const YamlMember* member = ask(key);
    if (member == nullptr) {
        return std::nullopt;
    }
    const std::string& word = member->value->text;
    if (member->value->kind != YamlNode::Kind::scalar || (word != "true" && word != "false")) {
        report_->error(place_of(key), fmt::format("expected true or false, found {}", describe(*member->value)));
        return std::nullopt;
    }
    return word == "true";
}

std::optional<std::chrono::seconds> Section::duration(std::string_view key) {
    const YamlMember* member = ask(key);
    if (member == nullptr) {
        return std::nullopt;
    }
    const auto found = scalar(*member->value, place_of(key), "a duration such as 90s, 30m, 1h30m or 7d");
    if (!found) {
        return std::nullopt;
    }
    const auto parsed = parse_duration(found->value);
    if (!parsed) {
        report_->error(found->place, parsed.error());
        return std::nullopt;
    }
    return *parsed;
}

std::optional<std::filesystem::path> Section::path(std::string_view key, FileKind kind) {
    const YamlMember* member = ask(key);
    if (member == nullptr) {
        return std::nullopt;
    }
    const auto found = scalar(*member->value, place_of(key), "the path of a file");
    if (!found) {
        return std::nullopt;
    }
    const auto resolved = resolve_config_path(found->value, report_->file());
    if (!resolved) {
        report_->error(found->place, resolved.error());
        return std::nullopt;
    }
    if (const std::string objection = file_objection(*resolved, kind); !objection.empty()) {
        const bool only_open = kind == FileKind::short_lived && file_objection(*resolved, FileKind::readable).empty();
        only_open ? report_->warning(found->place, objection) : report_->error(found->place, objection);
    }
    return *resolved;
}

std::vector<Placed<std::string>> Section::texts(std::string_view key) {
    std::vector<Placed<std::string>> out;
    const YamlMember* member = ask(key);
    if (member == nullptr) {
        return out;
    }
    if (member->value->kind != YamlNode::Kind::sequence) {
        report_->error(place_of(key),
                       fmt::format("expected a list such as [a, b], found {}", describe(*member->value)));
        return out;
    }
    for (std::size_t i = 0; i < member->value->items.size(); ++i) {
        const YamlNode& item = *member->value->items[i];
        auto found = scalar(item, place_at(item, fmt::format("{}[{}]", join_path(place_.key_path, key), i)), "text");
        if (found) {
            out.push_back(std::move(*found));
        }
    }
    return out;
}

std::optional<Section> Section::section(std::string_view key) {
    const YamlMember* member = ask(key);
    if (member == nullptr) {
        return std::nullopt;
    }
    return of(*report_, member->value, place_of(key));
}

std::vector<Section> Section::sections(std::string_view key) {
    std::vector<Section> out;
    const YamlMember* member = ask(key);
    if (member == nullptr) {
        return out;
    }
    if (member->value->kind != YamlNode::Kind::sequence || member->value->items.empty()) {
        report_->error(place_of(key),
                       fmt::format("expected a list of at least one, found {}", describe(*member->value)));
        return out;
    }
    for (std::size_t i = 0; i < member->value->items.size(); ++i) {
        const YamlPtr& item = member->value->items[i];
        auto section = of(*report_, item, place_at(*item, fmt::format("{}[{}]", join_path(place_.key_path, key), i)));
        if (section) {
            out.push_back(std::move(*section));
        }
    }
    return out;
}

std::vector<std::pair<std::string, Placed<std::string>>> Section::all_texts() {
    std::vector<std::pair<std::string, Placed<std::string>>> out;
    for (const YamlMember& member : node_->members) {
        asked_.insert(member.key);
        if (auto found = scalar(*member.value, place_of(member.key), "text")) {
            out.emplace_back(member.key, std::move(*found));
        }
    }
    return out;
}

void Section::refuse_choice(const Placed<std::string>& found, std::span<const std::string_view> names) {
    std::string message = fmt::format("expected one of {}, found {}", fmt::join(names, ", "), in_quotes(found.value));
    if (const auto near = nearest_name(found.value, names); !near.empty()) {
        message += fmt::format(": did you mean {}?", near);
    }
    report_->error(found.place, std::move(message));
}

void Section::require(std::string_view key, std::string_view what) {
    if (!has(key)) {
        report_->error(place_of(key), fmt::format("the key is missing: give {}", what));
    }
}

void Section::forbid(std::string_view key, std::string_view why) {
    if (has(key)) {
        report_->error(place_of(key), fmt::format("the key must not stand here: {}", why));
    }
}

void Section::finish() {
    const std::vector<std::string_view> known(asked_.begin(), asked_.end());
    for (const YamlMember& member : node_->members) {
        if (!asked_.contains(member.key)) {
            report_->error({member.line, member.column, join_path(place_.key_path, member.key)},
                           unknown_key_message(member.key, known));
        }
    }
}

}  // namespace keysyncd::config
