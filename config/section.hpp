// One mapping of a configuration file, read key by key with the type that is expected. Whatever does not fit becomes
// a Problem with its place and key path, and the reader goes on, so that all problems of a file are told at once.
// Keys that nobody asked for are told by finish(), with the nearest known key. One thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/problem.hpp"
#include "config/yaml_document.hpp"

namespace keysyncd::config {

/// Where something stands: in which line, and which key it is.
struct Place {
    int line = 0;
    int column = 0;
    std::string key_path;
};

/// Collects the problems of one file.
class Report {
  public:
    explicit Report(std::string file_name) : file_(std::move(file_name)) {}

    void error(const Place& place, std::string message) { add(place, std::move(message), Severity::error); }
    void warning(const Place& place, std::string message) { add(place, std::move(message), Severity::warning); }

    [[nodiscard]] const std::string& file() const { return file_; }
    [[nodiscard]] Problems& problems() { return problems_; }

    /// Moves the problems out, in the order in which they stand in the file.
    [[nodiscard]] Problems take_sorted();

  private:
    void add(const Place& place, std::string message, Severity severity);

    std::string file_;
    Problems problems_;
};

/// A value with its place, for rules that look at it later.
template <typename T>
struct Placed {
    T value;
    Place place;
};

enum class FileKind {
    readable,     ///< must exist and be readable
    secret,       ///< and be closed to others
    short_lived,  ///< as secret, but openness is only warned about: Kubernetes chooses the mode of its tokens
    any,          ///< may be missing
};

class Section {
  public:
    /// The whole file. Nothing where it holds no mapping, which is told.
    [[nodiscard]] static std::optional<Section> root(Report& report, const YamlPtr& tree);

    [[nodiscard]] bool has(std::string_view key) const;
    [[nodiscard]] const Place& place() const { return place_; }
    /// Of the key's value; of the whole section where the key is missing, with the key's path.
    [[nodiscard]] Place place_of(std::string_view key) const;

    [[nodiscard]] std::optional<Placed<std::string>> text(std::string_view key);
    [[nodiscard]] std::optional<bool> boolean(std::string_view key);
    [[nodiscard]] std::optional<std::chrono::seconds> duration(std::string_view key);
    [[nodiscard]] std::optional<std::filesystem::path> path(std::string_view key, FileKind kind);
    [[nodiscard]] std::vector<Placed<std::string>> texts(std::string_view key);
    /// A mapping below this one; nothing where it is missing or no mapping.
    [[nodiscard]] std::optional<Section> section(std::string_view key);
    /// A list of mappings, at least one; items that are none are told and left out.
    [[nodiscard]] std::vector<Section> sections(std::string_view key);
    /// Every key of this section with its text, for mappings whose keys are the operator's own (headers, users).
    [[nodiscard]] std::vector<std::pair<std::string, Placed<std::string>>> all_texts();

    /// One of a closed set of words.
    template <typename T>
    [[nodiscard]] std::optional<T> choice(std::string_view key, std::span<const std::pair<std::string_view, T>> words) {
        const auto found = text(key);
        if (!found) {
            return std::nullopt;
        }
        std::vector<std::string_view> names;
        for (const auto& [name, value] : words) {
            if (found->value == name) {
                return value;
            }
            names.push_back(name);
        }
        refuse_choice(*found, names);
        return std::nullopt;
    }

    /// Tells that a key is missing; nothing where it is there.
    void require(std::string_view key, std::string_view what);
    /// Tells that a key must not be there; nothing where it is missing.
    void forbid(std::string_view key, std::string_view why);
    void error(std::string_view key, std::string message) { report_->error(place_of(key), std::move(message)); }
    void warning(std::string_view key, std::string message) { report_->warning(place_of(key), std::move(message)); }
    [[nodiscard]] Report& report() { return *report_; }

    /// A key that was dealt with otherwise: finish() leaves it alone.
    void ignore(std::string_view key) { asked_.emplace(key); }
    /// Tells every key that was never asked for.
    void finish();

  private:
    Section(Report& report, YamlPtr mapping, Place place);
    [[nodiscard]] static std::optional<Section> of(Report& report, const YamlPtr& node, Place place);
    [[nodiscard]] const YamlMember* find(std::string_view key) const;
    const YamlMember* ask(std::string_view key);
    std::optional<Placed<std::string>> scalar(const YamlNode& node, const Place& place, std::string_view expected);
    void refuse_choice(const Placed<std::string>& found, std::span<const std::string_view> names);

    Report* report_;
    YamlPtr node_;
    Place place_;
    std::set<std::string, std::less<>> asked_;
};

}  // namespace keysyncd::config
